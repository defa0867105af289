import { toHalfWidth } from '../../model/full-width.ts'
import { decodeOnce, type SchemeContext } from './scheme.ts'

/** A handle taken apart at its first slash; `suffix` is undefined for a bare prefix. */
export interface HandleSpelling {
  /** Half-width and without blanks; not checked. */
  readonly prefix: string
  /** As written: a suffix keeps its bytes. */
  readonly suffix: string | undefined
  /** It was said that this is a handle: `hdl:` and its like. */
  readonly isExplicit: boolean
}

/** Takes a handle's spelling apart; also a proxy's URL, whose percent-encoding is undone once. */
export function readHandleSpelling(
  text: string,
  { url }: SchemeContext,
): HandleSpelling | undefined {
  if (url !== undefined) {
    const carried = carriedHandle.exec(url.path)?.[1]
    return carried === undefined ? undefined : split(decodeOnce(carried), false)
  }
  const named = /^\s*(?:hdl:|doi:|info:hdl\/|info:doi\/)/i.exec(text)
  return split(named === null ? text : text.slice(named[0].length), named !== null)
}

/**
 * The handle in a proxy's path: at the root, or behind one of the stems of resolvers (a scanned
 * label, our own API, Handle REST). Its prefix must be dotted and begin with a digit, and the
 * suffix must not be empty, so that ordinary pages stay ordinary.
 */
const carriedHandle =
  /^\/(?:(?:r|c|v1\/resolve|api\/handles)\/)?(?:hdl:)?(\d+(?:\.[\w-]+)+(?:\/|%2f).+)$/i

function split(handle: string, isExplicit: boolean): HandleSpelling {
  const at = handle.search(/[/\uff0f]/)
  return at === -1
    ? { prefix: foldPrefix(handle), suffix: undefined, isExplicit }
    : { prefix: foldPrefix(handle.slice(0, at)), suffix: handle.slice(at + 1), isExplicit }
}

/**
 * What an input method may have done to a prefix: full-width letters, the ideographic full stop,
 * dashes for hyphens, blanks. A hyphen itself is a legal symbol of a label and stays.
 */
export function foldPrefix(text: string): string {
  if (/^[\w.-]*$/.test(text)) return text
  return toHalfWidth(text)
    .replace(/[\u3002\uff61]/g, '.')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/\s+/g, '')
}
