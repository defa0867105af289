import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import { decodeEnvelope, type Envelope } from '../../../src/protocols/handle/envelope.ts'
import { messageBytesMax } from '../../../src/protocols/handle/limits.ts'
import {
  decodeMessage,
  encodeMessage,
  encodeSignedPart,
} from '../../../src/protocols/handle/message.ts'
import { flagsOf, hasFlag } from '../../../src/protocols/handle/op-flags.ts'
import { malformed } from '../bytes/malformed.ts'
import { bytesOf } from './wire-vectors.ts'

const flagsAt = 2
const lengthAt = 16
const bodyLengthAt = 40

t.test('the signed part is header and body as received', async t => {
  const bytes = bytesOf('resolve-ok-signed')

  const { signedPart, body, credential } = decode(bytes)

  t.equal(signedPart.toString('hex'), bytes.toString('hex', 20, 20 + 24 + 86))
  t.equal(body.length, 86)
  t.equal(credential.length, 300)
})

t.test('the signed part is written alone for those who sign', async t => {
  const { header, body, signedPart } = decode(bytesOf('resolve-ok'))
  const writer = new ByteWriter(messageBytesMax)

  encodeSignedPart(writer, header, body)

  t.equal(writer.taken().toString('hex'), signedPart.toString('hex'))
})

t.test('a credential is optional to the point that its length may be missing', async t => {
  t.equal(decode(bytesOf('login-2001-pointer')).credential.length, 0)
  t.equal(decode(bytesOf('resolve-all')).credential.length, 0)
})

t.test('a message may stand in the middle of the bytes of others', async t => {
  const first = bytesOf('resolve-all')
  const second = bytesOf('caict-resolve')
  const stream = Buffer.concat([first, second, first.subarray(0, 10)])
  const reader = new ByteReader(stream, first.length)

  const envelope = decodeEnvelope(reader)
  const { header, body } = decodeMessage(stream, envelope, reader.offset)

  t.equal(envelope.requestId, 1064)
  t.equal(body.length, header.bodyLength)
})

t.test('a body longer than its message is truncated', async t => {
  const bytes = bytesOf('resolve-all')
  bytes.writeUInt32BE(0xffff_ffff, bodyLengthAt)

  t.throws(() => decode(bytes), malformed('truncated'))
})

t.test('a message beyond the bound is refused before its bytes are asked for', async t => {
  const bytes = bytesOf('resolve-all')
  bytes.writeUInt32BE(messageBytesMax + 1, lengthAt)

  t.throws(() => decode(bytes), malformed('limit'))
})

t.test('encrypted and compressed messages are refused', async t => {
  for (const bit of [0x80, 0x40]) {
    const bytes = bytesOf('resolve-all')
    bytes[flagsAt] = bit
    t.throws(() => decode(bytes), malformed('value'))
  }
})

t.test('the bits of an envelope come back, reserved ones as zero', async t => {
  const writer = new ByteWriter(1024)
  const envelope: Omit<Envelope, 'messageLength'> = {
    majorVersion: 2,
    minorVersion: 10,
    compressed: true,
    encrypted: true,
    truncated: true,
    suggestMajor: 3,
    suggestMinor: 11,
    sessionId: 0xffff_ffff,
    requestId: 0x8000_0000,
    sequenceNumber: 7,
  }
  const { header } = decode(bytesOf('resolve-flags'))

  encodeMessage(writer, { envelope, header, body: Buffer.alloc(0) })
  const bytes = writer.taken()

  t.match(decodeEnvelope(new ByteReader(bytes)), envelope)
  t.equal(bytes[flagsAt], 0xe3)
  bytes[flagsAt] = 0x1c
  t.match(decodeEnvelope(new ByteReader(bytes)), { compressed: false, suggestMajor: 0 })
})

t.test('flags are unsigned, also the highest', async t => {
  const flags = flagsOf('AUTH', 'TRES')

  t.equal(flags, 0x8000_0001)
  t.ok(hasFlag(flags, 'AUTH'))
  t.ok(hasFlag(flags, 'TRES'))
  t.notOk(hasFlag(flags, 'PUBL'))
  t.equal(flagsOf('CACR', 'RECU', 'PUBL'), decode(bytesOf('resolve-all')).header.opFlags)
})

function decode(bytes: Buffer) {
  const reader = new ByteReader(bytes)
  const envelope = decodeEnvelope(reader)
  return decodeMessage(bytes, envelope, reader.offset)
}
