import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import type { Envelope } from './envelope.ts'
import { messageBytesMax } from './limits.ts'

/** The signature or MAC of a message (RFC 3652 §2.2.4). */
export interface Credential {
  /** `HS_SIGNED`, `HS_MAC`, or what an old peer wrote (`HS_DSAPUBKEY`). */
  readonly type: string
  /** Number of the message in its session; 0 without a session. */
  readonly sessionCounter: number
  /** `SHA-256`, `HMAC-SHA256`, … as written. */
  readonly digestAlgorithm: string
  readonly signature: Buffer
}

/** @param bytes a message's credential without its length, not empty */
export function decodeCredential(bytes: Buffer): Credential {
  const reader = new ByteReader(bytes)
  const version = reader.uint8()
  if (version !== 0) throw new MalformedBytes('value', `credential version ${version}`)
  reader.bytes(3) // reserved, options
  reader.sized() // signer: always empty
  const sessionCounter = reader.uint32()
  const type = reader.text()
  const info = new ByteReader(reader.sized())
  const digestAlgorithm = info.text()
  return { type, sessionCounter, digestAlgorithm, signature: info.sized() }
}

export function encodeCredential(writer: ByteWriter, credential: Credential): void {
  writer.uint8(0)
  writer.bytes(noOptions)
  writer.sized(noSigner)
  writer.uint32(credential.sessionCounter)
  writer.text(credential.type)
  const info = writer.beginSized()
  writer.text(credential.digestAlgorithm)
  writer.sized(credential.signature)
  writer.endSized(info)
}

/** What is signed of a message, by the envelope of that same message. */
export type SignedEnvelope = Pick<
  Envelope,
  'majorVersion' | 'minorVersion' | 'suggestMajor' | 'suggestMinor' | 'sessionId' | 'requestId'
>

/**
 * The bytes a credential covers. The suggested version is part of them from 2.8 on; ID-SDK always
 * includes it, so that answers to it carry at least 2.8. Versions below 2.6 are not written.
 */
export function credentialBytes(
  envelope: SignedEnvelope,
  sessionCounter: number,
  signedPart: Uint8Array,
): Buffer {
  const writer = new ByteWriter(messageBytesMax)
  writer.uint8(envelope.majorVersion)
  writer.uint8(envelope.minorVersion)
  if (coversSuggestion(envelope)) {
    writer.uint8(envelope.suggestMajor)
    writer.uint8(envelope.suggestMinor)
  }
  writer.uint32(envelope.sessionId)
  writer.uint32(envelope.requestId)
  writer.uint32(sessionCounter)
  writer.bytes(signedPart)
  return writer.taken()
}

const noOptions = Buffer.alloc(3)
const noSigner = Buffer.alloc(0)

function coversSuggestion({ majorVersion, minorVersion }: SignedEnvelope): boolean {
  return majorVersion > 2 || (majorVersion === 2 && minorVersion >= 8)
}
