/** An http(s) URL, its parts as the URL standard writes them. */
export interface WebUrl {
  /** Lower case; with the port where it is not the scheme's own. */
  readonly host: string
  /** Begins with `/`; still percent-encoded. */
  readonly path: string
  readonly hasUser: boolean
  /** The whole URL without its fragment. */
  readonly text: string
}

/** @returns undefined for what is not an http(s) URL; `'broken'` for what only begins like one */
export function readWebUrl(text: string): WebUrl | 'broken' | undefined {
  if (!/^\s*https?:\/\//i.test(text)) return undefined
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'broken'
  }
  url.hash = ''
  const hasUser = url.username !== '' || url.password !== ''
  return { host: url.host, path: url.pathname, hasUser, text: url.href }
}
