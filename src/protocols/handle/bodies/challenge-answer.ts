import type { Reference } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { decodeReference, encodeReference } from '../values/reference.ts'

/** The request that answers a challenge (RFC 3652 §3.5.2). */
export interface ChallengeAnswer {
  readonly authType: 'HS_PUBKEY' | 'HS_SECKEY'
  /** The key's value; index 0 is any key of that handle. */
  readonly key: Reference
  /** By `authType`: a `KeySignature`, or a secret answer. */
  readonly signedResponse: Buffer
}

export function decodeChallengeAnswer(reader: ByteReader): ChallengeAnswer {
  const authType = reader.text()
  if (authType !== 'HS_PUBKEY' && authType !== 'HS_SECKEY') {
    throw new MalformedBytes('value', 'authentication type')
  }
  const key = decodeReference(reader)
  return { authType, key, signedResponse: reader.sized() }
}

export function encodeChallengeAnswer(writer: ByteWriter, answer: ChallengeAnswer): void {
  writer.text(answer.authType)
  encodeReference(writer, answer.key)
  writer.sized(answer.signedResponse)
}

/** The signed response of HS_PUBKEY. */
export interface KeySignature {
  /** As written; `signatureHashOf` knows its spellings. */
  readonly hashName: string
  /** RSA PKCS #1 v1.5; DSA and SM2 as DER sequence of r and s. */
  readonly signature: Buffer
}

export function decodeKeySignature(signedResponse: Buffer): KeySignature {
  const reader = new ByteReader(signedResponse)
  const hashName = reader.text()
  return { hashName, signature: reader.sized() }
}

export function encodeKeySignature(
  writer: ByteWriter,
  { hashName, signature }: KeySignature,
): void {
  writer.text(hashName)
  writer.sized(signature)
}

export type SignatureHash = 'MD5' | 'SHA-1' | 'SHA-256' | 'SM3'

/** The hash a peer means; old ones write one byte. */
export function signatureHashOf(hashName: string): SignatureHash | undefined {
  return signatureHashes.get(hashName.toUpperCase())
}

const signatureHashes: ReadonlyMap<string, SignatureHash> = new Map([
  ['\x01', 'MD5'],
  ['MD5', 'MD5'],
  ['\x02', 'SHA-1'],
  ['SHA1', 'SHA-1'],
  ['SHA-1', 'SHA-1'],
  ['\x03', 'SHA-256'],
  ['SHA256', 'SHA-256'],
  ['SHA-256', 'SHA-256'],
  ['SM3', 'SM3'],
])
