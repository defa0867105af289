import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { malformed } from './malformed.ts'

t.test('fields are read big-endian, one after another', async t => {
  const reader = new ByteReader(Buffer.from('ff0102fffffffe80000000', 'hex'))

  t.equal(reader.uint8(), 0xff)
  t.equal(reader.uint16(), 0x0102)
  t.equal(reader.int32(), -2)
  t.equal(reader.offset, 7)
  t.equal(reader.uint32(), 0x8000_0000)
  t.equal(reader.remaining, 0)
  reader.end()
})

t.test('a reader sees only its part of the input', async t => {
  const reader = new ByteReader(Buffer.from('0000000100', 'hex'), 1, 4)

  t.equal(reader.remaining, 3)
  t.throws(() => reader.int32(), malformed('truncated'))
  t.equal(reader.uint16(), 0)
})

t.test('a field that is not all there is truncated, and the reader stays where it was', async t => {
  const reader = new ByteReader(Buffer.from('010203', 'hex'))

  t.throws(() => reader.uint32(), malformed('truncated'))
  t.throws(() => reader.bytes(4), malformed('truncated'))
  t.equal(reader.offset, 0)
})

t.test(
  'a length is refused when it lies or is negative, before anything is made of it',
  async t => {
    for (const hex of ['00000005aabbccdd', 'ffffffffaabbccdd', '7fffffffaabbccdd']) {
      t.throws(() => new ByteReader(Buffer.from(hex, 'hex')).sized(), malformed('truncated'))
      t.throws(() => new ByteReader(Buffer.from(hex, 'hex')).text(), malformed('truncated'))
    }
  },
)

t.test('a length above the bound is refused', async t => {
  const bytes = Buffer.from('00000004aabbccdd', 'hex')

  t.throws(() => new ByteReader(bytes).sized(3), malformed('limit'))
  t.throws(() => new ByteReader(bytes).text(3), malformed('limit'))
  t.equal(new ByteReader(bytes).sized(4).toString('hex'), 'aabbccdd')
})

t.test('a count needs room for its items', async t => {
  const bytes = Buffer.from('000000020000000000000000', 'hex')

  t.equal(new ByteReader(bytes).count(4, 2), 2)
  t.throws(() => new ByteReader(bytes).count(5, 2), malformed('truncated'))
  t.throws(() => new ByteReader(bytes).count(4, 1), malformed('limit'))
  t.throws(() => new ByteReader(Buffer.from('ffffffff', 'hex')).count(4, 9), malformed('truncated'))
})

t.test(
  'text is UTF-8: a replacement character is text, bytes that would become one are not',
  async t => {
    for (const text of ['', '产品 🏭', '\ufffd', '\ufeffbom', 'nul\0']) {
      t.equal(textOf(Buffer.from(text)), text)
    }
    for (const hex of ['ff', 'c0af', 'eda080', 'e4baa7e5', 'f4908080', 'efbfbdff']) {
      t.throws(() => textOf(Buffer.from(hex, 'hex')), malformed('text'), hex)
    }
  },
)

t.test('bytes that follow the end are trailing', async t => {
  t.throws(() => new ByteReader(Buffer.alloc(1)).end(), malformed('trailing'))
})

t.test('bytes and sized are views of the input', async t => {
  const input = Buffer.from('00000002aabb', 'hex')

  const view = new ByteReader(input).sized()
  input[4] = 0

  t.equal(view.toString('hex'), '00bb')
})

function textOf(bytes: Buffer): string {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return new ByteReader(Buffer.concat([length, bytes])).text()
}
