import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'

t.test('fields are written big-endian, one after another', async t => {
  const writer = new ByteWriter(64)

  writer.uint8(0xff)
  writer.uint16(0x0102)
  writer.int32(-2)
  writer.uint32(0x8000_0000)
  writer.sized(Buffer.from('aa', 'hex'))
  writer.text('产')
  writer.text('AAE=', 'base64')

  t.equal(
    writer.taken().toString('hex'),
    'ff0102fffffffe8000000000000001aa00000003e4baa7000000020001',
  )
})

t.test('base64 is written for the bytes it stands for, however it is spelled', async t => {
  for (const spelling of ['AAECAw==', 'AAECAw', 'AAEC Aw==', 'AA\nECAw']) {
    const writer = new ByteWriter(64)
    writer.text(spelling, 'base64')
    t.equal(writer.taken().toString('hex'), '0000000400010203', spelling)
  }
})

t.test('a field that makes the buffer grow is written into the new one', async t => {
  const fields: readonly ((writer: ByteWriter) => void)[] = [
    writer => writer.uint8(1),
    writer => writer.uint16(1),
    writer => writer.int32(1),
    writer => writer.uint32(1),
    writer => writer.bytes(Buffer.from([1])),
    writer => writer.text('a\x01'),
    writer => writer.text('AQ==', 'base64'),
  ]

  for (const write of fields) {
    for (let filled = 1015; filled <= 1024; filled += 1) {
      const writer = new ByteWriter(65_536)
      writer.bytes(Buffer.alloc(filled, 7))
      write(writer)
      const bytes = writer.taken()
      t.equal(bytes[bytes.length - 1], 1)
      t.ok(bytes.subarray(0, filled).every(byte => byte === 7))
    }
  }
})

t.test('what goes beyond the bound is refused, and what was written stays', async t => {
  const writer = new ByteWriter(2000)
  writer.bytes(Buffer.alloc(1999, 1))

  t.throws(() => writer.uint16(0), { name: 'WriterFull' })
  t.equal(writer.offset, 1999)
  writer.uint8(9)
  t.throws(() => writer.uint8(0), { name: 'WriterFull' })
  t.equal(writer.taken().length, 2000)
})

t.test('the buffer is used again after a reset', async t => {
  const writer = new ByteWriter(64)
  writer.text('first')

  writer.reset()
  writer.uint8(1)

  t.equal(writer.taken().toString('hex'), '01')
})

t.test('a copy outlives the next write, a view does not', async t => {
  const writer = new ByteWriter(64)
  writer.uint8(1)
  const view = writer.view()
  const copy = writer.taken()

  writer.reset()
  writer.uint8(2)

  t.equal(view[0], 2)
  t.equal(copy[0], 1)
})

t.test('a number that does not fit its field is our own mistake', async t => {
  const writer = new ByteWriter(64)

  for (const value of [-1, 256, 1.5, Number.NaN]) {
    t.throws(() => writer.uint8(value), { code: 'ERR_ASSERTION' })
  }
  t.throws(() => writer.uint16(65_536), { code: 'ERR_ASSERTION' })
  t.throws(() => writer.int32(2 ** 31), { code: 'ERR_ASSERTION' })
  t.throws(() => writer.uint32(2 ** 32), { code: 'ERR_ASSERTION' })
  t.equal(writer.offset, 0)
})

t.test('what is written is read again', async t => {
  const record = fc.record({
    byte: fc.nat(0xff),
    short: fc.nat(0xffff),
    int: fc.integer(),
    text: fc.string({ unit: 'grapheme', maxLength: 3000 }),
    bytes: fc.uint8Array({ maxLength: 3000 }),
  })

  t.doesNotThrow(() =>
    fc.assert(
      fc.property(record, ({ byte, short, int, text, bytes }) => {
        const writer = new ByteWriter(2 ** 20)
        writer.uint8(byte)
        writer.uint16(short)
        writer.int32(int)
        writer.text(text)
        const at = writer.beginSized()
        writer.bytes(bytes)
        writer.endSized(at)

        const reader = new ByteReader(writer.taken())
        return (
          reader.uint8() === byte &&
          reader.uint16() === short &&
          reader.int32() === int &&
          reader.text() === text &&
          reader.sized().equals(bytes) &&
          reader.remaining === 0
        )
      }),
    ),
  )
})
