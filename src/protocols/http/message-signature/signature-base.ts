import { type InnerList, serializeInnerList, serializeItem } from 'structured-headers'

/** A request as a signature sees it. */
export interface SignedRequest {
  readonly method: string
  /** Absolute, as the client asked for it: host in lower case, without a port that the scheme implies. */
  readonly targetUri: string
  /** The lines of a field, in their order; none where it was not sent. @param name in lower case */
  readonly field: (name: string) => readonly string[]
}

/**
 * What is signed (RFC 9421 §2.5): a line for each covered component, and the parameters of the signature.
 * @returns the name of the component that is the matter where there is none, it is none we can derive, or it is
 * there twice
 */
export function makeSignatureBase(
  covered: InnerList,
  request: SignedRequest,
): { readonly text: string } | { readonly wrong: string } {
  const lines: string[] = []
  const seen = new Set<string>()
  for (const item of covered[0]) {
    const [name, parameters] = item
    if (typeof name !== 'string') return { wrong: String(name) }
    // `sf`, `key`, `bs`, `req` and `tr` make other components of it, which nobody needs here.
    const value = parameters.size > 0 ? undefined : componentOf(name, request)
    if (value === undefined || seen.has(name)) return { wrong: name }
    seen.add(name)
    lines.push(`${serializeItem(item)}: ${value}`)
  }
  lines.push(`"@signature-params": ${serializeInnerList(covered)}`)
  return { text: lines.join('\n') }
}

/** RFC 9421 §2.1 and §2.2; undefined for what is not there, or not known. */
function componentOf(name: string, { method, targetUri, field }: SignedRequest) {
  const derive = name.startsWith('@') ? derivations[name] : undefined
  if (derive !== undefined) return derive(method, targetUri)
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return undefined
  const lines = field(name)
  return lines.length === 0 ? undefined : lines.map(line => line.trim()).join(', ')
}

const derivations: Readonly<
  Record<string, ((method: string, targetUri: string) => string) | undefined>
> = Object.assign(Object.create(null), {
  '@method': (method: string) => method,
  '@target-uri': (_: string, uri: string) => uri,
  '@authority': (_: string, uri: string) => new URL(uri).host,
  '@scheme': (_: string, uri: string) => new URL(uri).protocol.slice(0, -1),
  '@path': (_: string, uri: string) => new URL(uri).pathname,
  '@query': (_: string, uri: string) => new URL(uri).search || '?',
  '@request-target': (_: string, uri: string) => uri.replace(/^[a-z]+:\/\/[^/?]*/, ''),
})
