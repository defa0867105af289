import type { Reference } from '../../../model/value.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { decodeReference, encodeReference } from '../values/reference.ts'

/**
 * Asks the server that holds a secret key whether an answer to a challenge is right (RFC 3652
 * §3.5.3).
 */
export interface VerifyRequest {
  readonly key: Reference
  readonly nonce: Buffer
  /** Without its type: the secret answer says how it was made. */
  readonly requestDigest: Buffer
  readonly signedResponse: Buffer
}

export function decodeVerifyRequest(reader: ByteReader): VerifyRequest {
  const key = decodeReference(reader)
  const nonce = reader.sized()
  const requestDigest = reader.sized()
  return { key, nonce, requestDigest, signedResponse: reader.sized() }
}

export function encodeVerifyRequest(writer: ByteWriter, request: VerifyRequest): void {
  encodeReference(writer, request.key)
  writer.sized(request.nonce)
  writer.sized(request.requestDigest)
  writer.sized(request.signedResponse)
}

/** The answer: one byte. */
export function decodeVerifyAnswer(reader: ByteReader): boolean {
  return reader.uint8() === 1
}

export function encodeVerifyAnswer(writer: ByteWriter, isValid: boolean): void {
  writer.uint8(isValid ? 1 : 0)
}
