import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { decodeRequestDigest, encodeRequestDigest, type RequestDigest } from '../request-digest.ts'

/**
 * The answer AUTHENTICATION_NEEDED (RFC 3652 §3.5.1): what was asked, and a nonce to sign with it.
 */
export interface Challenge {
  readonly requestDigest: RequestDigest
  readonly nonce: Buffer
}

/** Longest nonce a client signs; all stacks send 16 bytes. */
const nonceBytesMax = 1024

export function decodeChallenge(reader: ByteReader): Challenge {
  const requestDigest = decodeRequestDigest(reader)
  return { requestDigest, nonce: reader.sized(nonceBytesMax) }
}

export function encodeChallenge(writer: ByteWriter, { requestDigest, nonce }: Challenge): void {
  encodeRequestDigest(writer, requestDigest)
  writer.sized(nonce)
}

/** What an answer to the challenge signs: the digest's type is not part of it. */
export function challengedBytes({ requestDigest, nonce }: Challenge): Buffer {
  return Buffer.concat([nonce, requestDigest.digest])
}
