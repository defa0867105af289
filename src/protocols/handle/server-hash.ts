import { createHash } from 'node:crypto'
import type { Site } from '../../model/value.ts'

/** Number of the server of a site that owns a handle (RFC 3652 §3.1, RFC 3651 §3.2.2). */
export function serverNumberOf(
  handle: string,
  hashOption: Site['hashOption'],
  serverCount: number,
): number {
  return handleHash(handle, hashOption) % serverCount
}

/** 0 … 2^31−1: the last four bytes of the MD5 of the chosen part, as a number without its sign. */
export function handleHash(handle: string, hashOption: Site['hashOption']): number {
  const part = asciiUpper(hashedPart(handle, hashOption))
  const hash = Math.abs(createHash('md5').update(part).digest().readInt32BE(12))
  // −2^31 has no positive counterpart in Java, whose clients then find no server at all.
  return hash > 0x7fffffff ? 0 : hash
}

function hashedPart(handle: string, hashOption: Site['hashOption']): string {
  const slash = handle.indexOf('/')
  switch (hashOption) {
    case 'HASH_TYPE_BY_PREFIX':
      return slash < 0 ? handle : handle.slice(0, slash)
    case 'HASH_TYPE_BY_SUFFIX':
      return slash < 0 ? '' : handle.slice(slash + 1)
    case 'HASH_TYPE_BY_ALL':
    case undefined:
      return handle
  }
}

function asciiUpper(text: string): string {
  return text.replace(/[a-z]+/g, letters => letters.toUpperCase())
}
