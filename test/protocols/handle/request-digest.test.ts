import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import {
  decodeRequestDigest,
  digestTypeFor,
  encodeRequestDigest,
  makeRequestDigest,
} from '../../../src/protocols/handle/request-digest.ts'
import { malformed } from '../bytes/malformed.ts'
import { vector } from './wire-vectors.ts'

for (const name of ['resolve-ok-digest', 'challenge']) {
  t.test(`the digest in ${name} is that of the request it answers`, async t => {
    const { digestType, digestHex, digestedRequestHex } = vector(name).decoded.body

    const { digest } = makeRequestDigest(digestType, Buffer.from(digestedRequestHex, 'hex'))

    t.equal(digest.toString('hex'), digestHex)
  })
}

t.test('every type comes back as it was written, at its length', async t => {
  const lengths = [4 + 16, 1 + 16, 1 + 20, 1 + 32]

  for (const type of [0, 1, 2, 3] as const) {
    const writer = new ByteWriter(64)
    const made = makeRequestDigest(type, Buffer.from('request'))
    encodeRequestDigest(writer, made)
    const bytes = writer.taken()
    t.equal(bytes.length, lengths[type])
    t.strictSame(decodeRequestDigest(new ByteReader(bytes)), made)
  }
})

t.test('an unknown type and a long MD5 are malformed', async t => {
  for (const hex of [
    `04${'00'.repeat(32)}`,
    `00000014${'00'.repeat(20)}`,
    `0001${'00'.repeat(20)}`,
  ]) {
    t.throws(() => decodeRequestDigest(new ByteReader(Buffer.from(hex, 'hex'))), malformed('value'))
  }
})

t.test('SHA-256 is for peers from 2.7 on', async t => {
  t.equal(digestTypeFor(2, 6), 2)
  t.equal(digestTypeFor(2, 7), 3)
  t.equal(digestTypeFor(2, 11), 3)
  t.equal(digestTypeFor(3, 0), 3)
})
