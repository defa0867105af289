import t from 'tap'
import { halfSipHash } from '../../src/resolver/half-sip-hash.ts'

// From the reference code's vectors for HalfSipHash-2-4 with 32 bits: key 00…07, texts 00, 00 01, …
const vectors = ['a9359f5b', '27475ab8', 'fa62a603', '8afee704', '2a6e4689', 'c5fab669']

const key = Buffer.from('0001020304050607', 'hex')
const text = Buffer.from(Array.from({ length: 16 }, (_, i) => i))

t.test('hashes as the reference code does', async t => {
  for (const [length, expected] of vectors.entries()) {
    const hash = halfSipHash(text, 0, length, key.readUInt32LE(0), key.readUInt32LE(4))

    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(hash)
    t.equal(bytes.toString('hex'), expected, `${length} bytes`)
  }
})

t.test('reads a text wherever it lies', async t => {
  const moved = Buffer.concat([Buffer.from('xx'), text, Buffer.from('yyy')])

  for (let length = 0; length <= text.length; length++) {
    t.equal(halfSipHash(moved, 2, 2 + length, 1, 2), halfSipHash(text, 0, length, 1, 2))
  }
})
