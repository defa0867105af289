import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { kinds, systems } from '../../../src/model/identifier.ts'
import type { Alias, StoredRecord } from '../../../src/model/record.ts'
import type { Value, ValueData } from '../../../src/model/value.ts'
import { openRecordCodec } from '../../../src/storage/redis/record-codec.ts'
import { aRecord, aValue } from '../../support/builders.ts'
import { repositoryFolder } from '../../support/store.ts'

const codec = openRecordCodec(join(repositoryFolder, 'proto'))

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const maybe = fc.option(text)
const reference = fc.record({ handle: text, index: fc.nat() })
const data: fc.Arbitrary<ValueData> = fc.oneof(
  fc.record({ format: fc.constantFrom('string', 'base64'), value: text }),
  fc.record({
    format: fc.constant('admin'),
    value: fc.record(
      { handle: text, index: fc.nat(), permissions: text, legacyByteLength: fc.boolean() },
      { requiredKeys: ['handle', 'index', 'permissions'] },
    ),
  }),
  fc.record({ format: fc.constant('vlist'), value: fc.array(reference, { maxLength: 3 }) }),
  fc.record({ format: fc.constant('key'), value: fc.record({ kty: text, n: text, e: text }) }),
) as fc.Arbitrary<ValueData>
const value: fc.Arbitrary<Value> = fc.record({
  index: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  type: text,
  data,
  ttl: fc.oneof(fc.nat(), fc.constant('2031-01-01T00:00:00Z')),
  timestamp: text,
  permissions: fc.constantFrom('1110', '1100', '0000'),
  references: fc.array(reference, { maxLength: 2 }),
})
const alias: fc.Arbitrary<Alias> = fc.record({
  system: fc.constantFrom(...systems),
  text,
  key: text,
  authority: text,
  standing: fc.constantFrom('claimed', 'released', 'granted'),
})
const record: fc.Arbitrary<StoredRecord> = fc.record({
  key: text,
  identifier: text,
  system: fc.constantFrom(...systems),
  prefix: text,
  kind: fc.constantFrom(...kinds),
  values: fc.array(value, { maxLength: 5 }),
  aliases: fc.array(alias, { maxLength: 3 }),
  subject: maybe,
  submitter: text,
  basis: fc.constantFrom('authority', 'consent', 'grant'),
  serial: fc.maxSafeNat(),
  updatedAt: text,
  successor: maybe,
  gone: fc.option(fc.record({ reason: maybe })),
})

t.test('a record comes back as it was', async t => {
  fc.assert(
    fc.property(record, fc.maxSafeNat(), (made, asOfSeq) => {
      // fast-check's objects have no prototype, which is a difference to strictSame.
      const entry = { record: structuredClone(made), asOfSeq }
      t.strictSame(codec.decode(codec.encode(entry)), entry)
    }),
    { seed: 1, numRuns: 300 },
  )
})

t.test('a site comes back as it was, with whatever it holds', async t => {
  const site = {
    version: 1,
    protocolVersion: '2.10',
    serialNumber: 3,
    primarySite: true,
    multiPrimary: false,
    hashOption: 'HASH_TYPE_BY_ALL' as const,
    attributes: [{ name: 'desc', value: '示范' }],
    servers: [
      {
        serverId: 1,
        address: '2001:db8::1',
        publicKey: { format: 'key' as const, value: { kty: 'EC', crv: 'SM2', x: 'a', y: 'b' } },
        interfaces: [{ query: true, admin: false, protocol: 'TCP' as const, port: 2641 }],
      },
    ],
  }
  const entry = {
    record: aRecord({
      values: [aValue({ type: 'HS_SITE', data: { format: 'site', value: site } })],
    }),
    asOfSeq: 1,
  }

  t.strictSame(codec.decode(codec.encode(entry)), entry)
})

t.test('whatever is cut off, changed or made up is refused', async t => {
  const bytes = codec.encode({ record: aRecord(), asOfSeq: 7 })

  for (let length = 0; length < bytes.length; length += 1) {
    t.throws(() => codec.decode(bytes.subarray(0, length)), `${length} bytes of it`)
  }
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x10
    t.throws(() => codec.decode(changed), `byte ${at} changed`)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), junk => {
      t.throws(() => codec.decode(Buffer.from(junk)))
    }),
    { seed: 2, numRuns: 300 },
  )
})

t.test('a record with a word of a newer node is refused, one with a field more is not', async t => {
  const entry = { record: aRecord(), asOfSeq: 7 }
  const newer = { ...entry, record: { ...entry.record, kind: 'vessel' as 'other' } }
  const body = codec.encode(entry).subarray(4)
  const oneFieldMore = Buffer.concat([body, Buffer.from([(15 << 3) | 0, 1])])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(oneFieldMore))

  t.throws(() => codec.decode(codec.encode(newer)), /vessel/)
  t.strictSame(codec.decode(Buffer.concat([checksum, oneFieldMore])), entry)
})
