import type { ByteReader } from '../bytes/reader.ts'
import type { ByteWriter } from '../bytes/writer.ts'

/** The envelope in front of every message and of every datagram (RFC 3652 §2.2.1). */
export interface Envelope {
  readonly majorVersion: number
  readonly minorVersion: number
  readonly compressed: boolean
  readonly encrypted: boolean
  /** The datagram is one of several. */
  readonly truncated: boolean
  /**
   * Handle.Net's use of the RFC's free bits: the version the sender could speak; 0 is "the same".
   */
  readonly suggestMajor: number
  readonly suggestMinor: number
  /** 0 when there is none. */
  readonly sessionId: number
  /** Copied into the answer. */
  readonly requestId: number
  /** 0 on TCP, the number of the fragment on UDP. */
  readonly sequenceNumber: number
  /** Bytes of the whole message after the envelope, on every fragment. */
  readonly messageLength: number
}

export const envelopeBytes = 20

const compressedBit = 0x80
const encryptedBit = 0x40
const truncatedBit = 0x20
const suggestMajorMask = 0x03

/** Does not look at the length: whoever reads from a socket bounds it by `messageBytesMax`. */
export function decodeEnvelope(reader: ByteReader): Envelope {
  const majorVersion = reader.uint8()
  const minorVersion = reader.uint8()
  const flags = reader.uint8()
  return {
    majorVersion,
    minorVersion,
    compressed: (flags & compressedBit) !== 0,
    encrypted: (flags & encryptedBit) !== 0,
    truncated: (flags & truncatedBit) !== 0,
    suggestMajor: flags & suggestMajorMask,
    suggestMinor: reader.uint8(),
    sessionId: reader.uint32(),
    requestId: reader.uint32(),
    sequenceNumber: reader.uint32(),
    messageLength: reader.uint32(),
  }
}

export function encodeEnvelope(writer: ByteWriter, envelope: Envelope): void {
  writer.uint8(envelope.majorVersion)
  writer.uint8(envelope.minorVersion)
  writer.uint8(
    (envelope.compressed ? compressedBit : 0) |
      (envelope.encrypted ? encryptedBit : 0) |
      (envelope.truncated ? truncatedBit : 0) |
      (envelope.suggestMajor & suggestMajorMask),
  )
  writer.uint8(envelope.suggestMinor)
  writer.uint32(envelope.sessionId)
  writer.uint32(envelope.requestId)
  writer.uint32(envelope.sequenceNumber)
  writer.uint32(envelope.messageLength)
}
