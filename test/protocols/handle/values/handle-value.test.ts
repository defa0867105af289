import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { Value } from '../../../../src/model/value.ts'
import { ByteReader } from '../../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../../src/protocols/bytes/writer.ts'
import {
  decodeValue,
  decodeValues,
  digestedValueBytes,
  encodeValue,
  encodeValues,
} from '../../../../src/protocols/handle/values/handle-value.ts'
import { parseTrustToken } from '../../../../src/protocols/handle/values/trust-token.ts'
import { malformed } from '../../bytes/malformed.ts'
import { bytesOf } from '../wire-vectors.ts'
import { value as anyValue } from './arbitraries.ts'

t.test('every value comes back as it was written', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 4 }), values => {
        const writer = new ByteWriter(2 ** 20)
        encodeValues(writer, values)
        const reader = new ByteReader(writer.taken())
        const again = decodeValues(reader)
        assert.deepEqual(again, values)
        assert.equal(reader.remaining, 0)
      }),
      { numRuns: 300 },
    ),
  )
})

t.test('a ttl is relative or an instant, and nothing else', async t => {
  const relative = bytesOf('value-url')
  const absolute = bytesOf('value-absolute-ttl')
  const ttlTypeAt = 8

  t.equal(decode(relative).ttl, 86_400)
  t.equal(decode(absolute).ttl, '2023-11-15T22:13:20Z')
  relative[ttlTypeAt] = 2
  t.throws(() => decode(relative), malformed('value'))
})

t.test('times are unsigned seconds and last until 2106', async t => {
  const value = { ...decode(bytesOf('value-url')), timestamp: '2106-02-07T06:28:15Z' }
  const writer = new ByteWriter(1024)

  encodeValue(writer, value)

  t.equal(decode(writer.taken()).timestamp, value.timestamp)
})

t.test('an instant is written in whole seconds, from any offset', async t => {
  const value = { ...decode(bytesOf('value-url')), timestamp: '2023-11-15T06:13:20.999+08:00' }
  const writer = new ByteWriter(1024)

  encodeValue(writer, value)

  t.equal(writer.taken().toString('hex'), bytesOf('value-url').toString('hex'))
})

t.test('reserved permission bits are not read', async t => {
  const bytes = bytesOf('value-url')
  bytes[13] = 0xfe

  t.equal(decode(bytes).permissions, '1110')
})

t.test('values that break the model are our own mistakes', async t => {
  const value = decode(bytesOf('value-url'))
  const broken: readonly Partial<Value>[] = [
    { permissions: '111' },
    { timestamp: 'yesterday' },
    { ttl: -1 },
    { index: 2 ** 31 },
    { data: { format: 'admin', value: { handle: '0.NA/88', index: 300, permissions: '1' } } },
  ]

  for (const part of broken) {
    t.throws(() => encodeValue(new ByteWriter(1024), { ...value, ...part }), {
      code: 'ERR_ASSERTION',
    })
  }
})

t.test('the digests of a real HS_SIGNATURE are those of the values it signs', async t => {
  const { digests } = parseTrustToken(bytesOf('hs-signature-rsa').toString())
  const signed = ['value-url', 'value-email', 'value-chinese'].map(name => decode(bytesOf(name)))

  t.equal(digests?.alg, 'SHA-256')
  t.strictSame(
    signed.map(value => ({
      index: value.index,
      digest: createHash('sha256').update(digestedValueBytes(value)).digest('base64'),
    })),
    digests?.digests,
  )
})

function decode(bytes: Buffer): Value {
  return decodeValue(new ByteReader(bytes))
}
