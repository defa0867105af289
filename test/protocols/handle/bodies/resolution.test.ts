import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from '../../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../../src/protocols/bytes/writer.ts'
import {
  decodeResolutionRequest,
  encodeResolutionRequest,
  type ResolutionRequest,
} from '../../../../src/protocols/handle/bodies/resolution.ts'
import { malformed } from '../../bytes/malformed.ts'

const request: ResolutionRequest = { handle: '88.118.8/a', indexes: [1, 300], types: ['URL'] }

t.test('every request comes back as it was written', async t => {
  const text = fc.string({ unit: 'grapheme', maxLength: 50 })
  const lists = fc.tuple(fc.array(fc.integer()), fc.array(text), fc.option(text))

  t.doesNotThrow(() =>
    fc.assert(
      fc.property(text, lists, (handle, [indexes, types, identity]) => {
        const original = { handle, indexes, types, ...(identity === null ? {} : { identity }) }
        return JSON.stringify(decode(encode(original))) === JSON.stringify(original)
      }),
    ),
  )
})

t.test('bytes behind the types that are no text are passed over', async t => {
  for (const hex of ['00', '000000', 'ffffffff', '00000005aa', '00000001ff']) {
    const bytes = Buffer.concat([encode(request), Buffer.from(hex, 'hex')])
    t.strictSame(decode(bytes), request, hex)
  }
})

t.test("id-pointer's identity is read, empty or not", async t => {
  t.equal(decode(encode({ ...request, identity: '' })).identity, '')
  t.equal(decode(encode({ ...request, identity: 'token-123' })).identity, 'token-123')
})

t.test('a handle is UTF-8 of at most 2048 bytes', async t => {
  const broken = encode(request)
  broken[4] = 0xff

  t.throws(() => decode(broken), malformed('text'))
  t.throws(() => decode(encode({ ...request, handle: '产'.repeat(683) })), malformed('limit'))
  t.equal(decode(encode({ ...request, handle: 'a'.repeat(2048) })).handle.length, 2048)
})

t.test('types and indexes are bounded', async t => {
  const types = Array<string>(1025).fill('')
  const indexes = Array<number>(2049).fill(1)

  t.throws(() => decode(encode({ ...request, types })), malformed('limit'))
  t.throws(() => decode(encode({ ...request, indexes })), malformed('limit'))
})

t.test('a reading that leaves nothing behind: lists of nothing are shared and frozen', async t => {
  const { indexes, types } = decode(encode({ handle: 'a', indexes: [], types: [] }))

  t.ok(Object.isFrozen(indexes))
  t.ok(Object.isFrozen(types))
})

function encode(body: ResolutionRequest): Buffer {
  const writer = new ByteWriter(65_536)
  encodeResolutionRequest(writer, body)
  return writer.taken()
}

function decode(bytes: Buffer): ResolutionRequest {
  return decodeResolutionRequest(new ByteReader(bytes))
}
