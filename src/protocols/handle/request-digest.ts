import { createHash } from 'node:crypto'
import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import type { ByteReader } from '../bytes/reader.ts'
import type { ByteWriter } from '../bytes/writer.ts'

/**
 * The digest of a request's header and body, in front of the body of an answer with RRDG and of
 * every challenge (RFC 3652 §2.2.3). Type 0 is MD5 as protocol 2.0 wrote it: bytes with their
 * length.
 */
export interface RequestDigest {
  readonly type: 0 | 1 | 2 | 3
  readonly digest: Buffer
}

const algorithms = [
  { name: 'md5', bytes: 16 },
  { name: 'md5', bytes: 16 },
  { name: 'sha1', bytes: 20 },
  { name: 'sha256', bytes: 32 },
] as const

/** Digest type by the version the peer speaks: SHA-256 from 2.7 on, SHA-1 before. */
export function digestTypeFor(majorVersion: number, minorVersion: number): 2 | 3 {
  return majorVersion > 2 || (majorVersion === 2 && minorVersion >= 7) ? 3 : 2
}

/** @param signedPart header and body exactly as received */
export function makeRequestDigest(type: RequestDigest['type'], signedPart: Buffer): RequestDigest {
  return { type, digest: createHash(algorithms[type].name).update(signedPart).digest() }
}

export function decodeRequestDigest(reader: ByteReader): RequestDigest {
  const type = reader.uint8()
  if (type !== 0 && type !== 1 && type !== 2 && type !== 3) {
    throw new MalformedBytes('value', `digest type ${type}`)
  }
  if (type === 0) requireMd5Length(reader)
  return { type, digest: reader.bytes(algorithms[type].bytes) }
}

export function encodeRequestDigest(writer: ByteWriter, { type, digest }: RequestDigest): void {
  if (type === 0) {
    writer.sized(digest)
  } else {
    writer.uint8(type)
    writer.bytes(digest)
  }
}

/** The type byte 0 was the first byte of the length; here are the other three. */
function requireMd5Length(reader: ByteReader): void {
  const length = (reader.uint8() << 16) | reader.uint16()
  if (length !== algorithms[0].bytes) throw new MalformedBytes('value', `MD5 of ${length} bytes`)
}
