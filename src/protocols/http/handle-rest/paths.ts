import { isUtf8 } from 'node:buffer'
import { hasLoneSurrogateOrNul } from '../../../model/safe-text.ts'
import { Refusal } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'

/**
 * A handle in a path: percent-encoding is undone once as UTF-8, `+` is a plus, slashes may be raw.
 * @throws Refusal INVALID_HANDLE for what is no text
 */
export function decodePath(raw: string): string {
  // Clients may send UTF-8 unescaped; node hands each byte over as one character.
  const bytes = Buffer.from(raw, 'latin1')
  if (isUtf8(bytes)) {
    try {
      const text = decodeURIComponent(bytes.toString())
      if (!hasLoneSurrogateOrNul(text)) return text
    } catch {
      // Answered below.
    }
  }
  throw new Refusal(responseCodes.INVALID_HANDLE, 'not UTF-8')
}

/** First segments that are GS1 keys (Digital Link) or other APIs, though they look like prefixes. */
const reserved = new Set(['1.0'])

/** The handle a proxy path names: `/88.118.8/x`, `/hdl:88.118.8/x`, raw or encoded. Undefined for every other path. */
export function proxiedHandle(path: string): string | undefined {
  const [first = ''] = path.slice(1).split(/\/|%2f/i, 1)
  if (reserved.has(first)) return undefined
  if (!/^(?:hdl(?::|%3a).+|\d[\w-]*(?:\.[\w-]+)+)$/i.test(first)) return undefined
  return path.slice(1)
}

/** Other ways to write a handle, taken off it: `hdl:`, `doi:`, `info:hdl/`, `urn:hdl:`. */
export function bareHandle(text: string): string {
  const urn = /^urn:(?:hdl|doi|eidr):([^:]*):(.*)$/is.exec(text)
  if (urn !== null) return `${urn[1]}/${urn[2]}`
  return text.replace(/^(?:hdl:|doi:|info:hdl\/|info:doi\/|urn:(?:hdl|doi|eidr):)/i, '')
}
