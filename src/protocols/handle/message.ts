import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import { ByteReader } from '../bytes/reader.ts'
import type { ByteWriter } from '../bytes/writer.ts'
import { type Envelope, encodeEnvelope } from './envelope.ts'
import { decodeHeader, encodeHeader, type Header, headerBytes } from './header.ts'
import { messageBytesMax } from './limits.ts'

/** A message as it came (RFC 3652 §2.2). The buffers are views of the bytes it was read from. */
export interface Message {
  readonly header: Header
  readonly body: Buffer
  /** Header and body as received: what is digested and signed, whatever we understood of it. */
  readonly signedPart: Buffer
  /** Empty when there is none; id-pointer's login leaves out even its length. */
  readonly credential: Buffer
}

const credentialLengthBytes = 4
const noBytes = Buffer.alloc(0)

/**
 * Reads what follows an envelope that is neither encrypted nor compressed.
 * @param bytes holds at least `messageLength` bytes from `start` on, or the message is malformed
 * @throws MalformedBytes
 */
export function decodeMessage(bytes: Buffer, envelope: Envelope, start: number): Message {
  if (envelope.messageLength > messageBytesMax) throw new MalformedBytes('limit', 'message')
  if (envelope.encrypted || envelope.compressed) {
    throw new MalformedBytes('value', 'encrypted or compressed')
  }
  if (envelope.messageLength > bytes.length - start)
    throw new MalformedBytes('truncated', 'message')
  const reader = new ByteReader(bytes, start, start + envelope.messageLength)
  const header = decodeHeader(reader)
  const body = reader.bytes(header.bodyLength)
  const signedPart = bytes.subarray(start, reader.offset)
  const credential = reader.remaining < credentialLengthBytes ? noBytes : reader.sized()
  return { header, body, signedPart, credential }
}

/** What there is to say in a message; the lengths follow from body and credential. */
export interface MessageParts {
  readonly envelope: Omit<Envelope, 'messageLength'>
  readonly header: Omit<Header, 'bodyLength'>
  readonly body: Uint8Array
  readonly credential?: Uint8Array
}

/** Writes envelope and message together: ID-SDK fails when the envelope comes in pieces. */
export function encodeMessage(writer: ByteWriter, parts: MessageParts): void {
  const { body, credential = noBytes } = parts
  const messageLength = headerBytes + body.length + credentialLengthBytes + credential.length
  encodeEnvelope(writer, { ...parts.envelope, messageLength })
  encodeSignedPart(writer, parts.header, body)
  writer.sized(credential)
}

/** Header and body alone: what a credential of this message has to cover. */
export function encodeSignedPart(
  writer: ByteWriter,
  header: Omit<Header, 'bodyLength'>,
  body: Uint8Array,
): void {
  encodeHeader(writer, { ...header, bodyLength: body.length })
  writer.bytes(body)
}
