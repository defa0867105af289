import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { decodeEnvelope, type Envelope, encodeEnvelope, envelopeBytes } from './envelope.ts'
import { messageBytesMax } from './limits.ts'

/** A datagram, envelope included (RFC 3652 §2.3). */
export const datagramBytesMax = 512

const payloadBytesMax = datagramBytesMax - envelopeBytes

/** One datagram of a message: it alone says how many there are and how long each is. */
export interface Fragment {
  readonly envelope: Envelope
  readonly fragmentCount: number
  /** A view of the datagram. */
  readonly payload: Buffer
}

/** Datagrams a message of this many bytes needs. */
export function fragmentCount(messageLength: number): number {
  return Math.max(1, Math.ceil(messageLength / payloadBytesMax))
}

/**
 * Cuts a message into datagrams: each has the envelope with the whole length and its own number,
 * and, when there are several, the TC bit.
 * @param message without envelope
 */
export function splitFragments(envelope: Envelope, message: Buffer): Buffer[] {
  const count = fragmentCount(message.length)
  const writer = new ByteWriter(datagramBytesMax)
  return Array.from({ length: count }, (_, sequenceNumber) => {
    const start = sequenceNumber * payloadBytesMax
    writer.reset()
    encodeEnvelope(writer, {
      ...envelope,
      truncated: count > 1,
      sequenceNumber,
      messageLength: message.length,
    })
    writer.bytes(message.subarray(start, start + payloadBytesMax))
    return writer.taken()
  })
}

/**
 * Reads a datagram. Its payload has exactly the length its number allows, so that a set of as many
 * fragments as announced, all different, is complete.
 * @throws MalformedBytes
 */
export function decodeFragment(datagram: Buffer): Fragment {
  const envelope = decodeEnvelope(new ByteReader(datagram))
  const { messageLength, sequenceNumber } = envelope
  if (messageLength > messageBytesMax) throw new MalformedBytes('limit', 'message')
  const count = fragmentCount(messageLength)
  if (sequenceNumber >= count) throw new MalformedBytes('value', `fragment ${sequenceNumber}`)
  const payload = datagram.subarray(envelopeBytes)
  const expected = Math.min(payloadBytesMax, messageLength - sequenceNumber * payloadBytesMax)
  if (payload.length < expected) throw new MalformedBytes('truncated', 'datagram')
  if (payload.length > expected) throw new MalformedBytes('trailing', 'datagram')
  return { envelope, fragmentCount: count, payload }
}

/**
 * Puts a message together from its fragments, in any order. Whoever collects them keeps one per
 * sequence number and calls this when there are `fragmentCount`.
 * @returns the envelope as it would stand on TCP, and the message after it
 * @throws MalformedBytes when they do not belong together
 */
export function joinFragments(fragments: readonly Fragment[]): {
  readonly envelope: Envelope
  readonly message: Buffer
} {
  const sorted = fragments.toSorted((a, b) => a.envelope.sequenceNumber - b.envelope.sequenceNumber)
  const first = sorted[0]
  if (first === undefined || sorted.length !== first.fragmentCount) {
    throw new MalformedBytes('truncated', 'fragments are missing')
  }
  const { requestId, messageLength } = first.envelope
  for (const [number, { envelope }] of sorted.entries()) {
    if (envelope.sequenceNumber !== number) throw new MalformedBytes('value', 'a fragment twice')
    if (envelope.requestId !== requestId || envelope.messageLength !== messageLength) {
      throw new MalformedBytes('value', 'fragments of different messages')
    }
  }
  return {
    envelope: { ...first.envelope, truncated: false },
    message: Buffer.concat(
      sorted.map(fragment => fragment.payload),
      messageLength,
    ),
  }
}
