import { parse } from 'node:querystring'
import { Failure, malformed } from '../../model/failures.ts'
import { hasLoneSurrogateOrNul } from '../../model/safe-text.ts'
import { say } from '../../model/text.ts'

/** More parameters than any route has, repeated ones included. */
const parametersMax = 1000

/**
 * The identifier at the end of a path: raw slashes stay, percent-encoding is undone once, `+` is a plus.
 * @param url path and query as the request line has them
 * @param start where the identifier begins
 * @throws Failure `IDENTIFIER_MALFORMED` for percent-encoding that is none, bytes that are not UTF-8, and NUL
 */
export function identifierIn(url: string, start: number): string {
  const text = decodeUrlText(url.slice(start, pathEnd(url)))
  if (text !== undefined) return text
  throw malformed(
    'url.encoding',
    say('路径中的百分号编码不是 UTF-8 文本', 'the percent-encoding of the path is no UTF-8 text'),
  )
}

/** Where the query or a fragment begins, or the end. */
export function pathEnd(url: string): number {
  for (let i = 0; i < url.length; i++) {
    const unit = url.charCodeAt(i)
    if (unit === 0x3f || unit === 0x23) return i
  }
  return url.length
}

/** @throws Failure `INPUT_INVALID` where path or query cannot be text */
export function requireReadableUrl(url: string): void {
  if (decodeUrlText(url) !== undefined) return
  const detail = say(
    '网址中的百分号编码不是 UTF-8 文本',
    'the percent-encoding of the URL is no UTF-8 text',
  )
  throw new Failure('INPUT_INVALID', detail, {
    errors: [{ pointer: '', rule: 'url.encoding', detail }],
  })
}

/** A query's parameters; one that is repeated is an array. Its text has been checked before. */
export function parseQuery(query: string): Record<string, unknown> {
  return parse(query, '&', '=', { maxKeys: parametersMax })
}

/** Node lets nothing but ASCII into a request line. @returns undefined for what is no text */
function decodeUrlText(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    const decoded = decodeURIComponent(text)
    return hasLoneSurrogateOrNul(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}
