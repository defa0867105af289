import fc from 'fast-check'
import type {
  Admin,
  PublicJwk,
  Reference,
  Site,
  Value,
  ValueData,
} from '../../../../src/model/value.ts'
import { ipAddressText } from '../../../../src/protocols/handle/values/ip-address.ts'

/** Values as the codec gives them: what is written comes back equal. */
const cleanText = fc
  .string({ unit: 'grapheme', maxLength: 200 })
  .filter(text => !/[\x00-\x08\x14-\x1f\x7f]/.test(text))

const handle = fc.string({ unit: 'grapheme', maxLength: 60 })
const int32 = fc.integer()
const instant = fc
  .integer({ min: 0, max: 0xffff_ffff })
  .map(seconds => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'))

/** An ordinary object: fast-check's own has no prototype now and then. */
function record<T>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(members, { noNullPrototype: true }) as fc.Arbitrary<T>
}

function bits(length: number): fc.Arbitrary<string> {
  return fc.nat(2 ** length - 1).map(number => number.toString(2).padStart(length, '0'))
}

export const reference: fc.Arbitrary<Reference> = record({ handle, index: int32 })

export const admin: fc.Arbitrary<Admin> = fc
  .tuple(reference, bits(12), fc.boolean())
  .map(([{ handle, index }, permissions, isLegacy]) =>
    isLegacy
      ? { handle, index, permissions, legacyByteLength: true }
      : { handle, index, permissions },
  )

/** An unsigned number without leading zeros, as JWK has it. */
const number = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map(bytes => Buffer.from([(bytes[0] ?? 0) | 1, ...bytes.subarray(1)]).toString('base64url'))

const coordinate = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(bytes => Buffer.from(bytes).toString('base64url'))

export const publicKey: fc.Arbitrary<PublicJwk> = fc.oneof(
  record({ kty: fc.constant('RSA'), e: number, n: number }),
  record({ kty: fc.constant('DSA'), q: number, p: number, g: number, y: number }),
  record({
    kty: fc.constant('EC'),
    crv: fc.constant('SM2'),
    x: coordinate,
    y: coordinate,
  }),
)

const siteInterface = record({
  query: fc.boolean(),
  admin: fc.boolean(),
  protocol: fc.constantFrom('TCP', 'UDP', 'HTTP', 'HTTPS'),
  port: fc.nat(0xffff),
})

const address = fc
  .oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytes => [...Buffer.alloc(12), ...bytes]),
  )
  .map(bytes => ipAddressText(Buffer.from(bytes)))

const server: fc.Arbitrary<Site['servers'][number]> = record({
  serverId: int32,
  address,
  key: fc.option(publicKey, { nil: undefined }),
  interfaces: fc.array(siteInterface, { maxLength: 4 }),
}).map(({ key, ...rest }) =>
  key === undefined ? rest : { ...rest, publicKey: { format: 'key', value: key } },
)

export const site: fc.Arbitrary<Site> = record({
  version: fc.nat(0xffff),
  protocolVersion: fc.tuple(fc.nat(255), fc.nat(255)).map(version => version.join('.')),
  serialNumber: fc.nat(0xffff),
  primarySite: fc.boolean(),
  multiPrimary: fc.boolean(),
  option: fc.constantFrom('HASH_TYPE_BY_PREFIX', 'HASH_TYPE_BY_SUFFIX', undefined),
  attributes: fc.array(record({ name: cleanText, value: cleanText }), { maxLength: 4 }),
  servers: fc.array(server, { maxLength: 4 }),
}).map(({ option, ...rest }) => (option === undefined ? rest : { ...rest, hashOption: option }))

const binary = fc
  .uint8Array({ maxLength: 300 })
  .map(bytes => Buffer.from([0, ...bytes]).toString('base64'))

/** Types with the data they may hold. */
const typedData: fc.Arbitrary<readonly [string, ValueData]> = fc.oneof(
  fc.tuple(
    cleanText.filter(type => !/^hs_/i.test(type)),
    fc.oneof(
      cleanText.map((value): ValueData => ({ format: 'string', value })),
      binary.map((value): ValueData => ({ format: 'base64', value })),
    ),
  ),
  admin.map((value): [string, ValueData] => ['HS_ADMIN', { format: 'admin', value }]),
  fc
    .array(reference, { maxLength: 5 })
    .map((value): [string, ValueData] => ['hs_vlist', { format: 'vlist', value }]),
  fc.tuple(
    fc.constantFrom('HS_SITE', 'HS_SITE.6', 'HS_SITE.PREFIX', 'HS_NA_DELEGATE'),
    site.map((value): ValueData => ({ format: 'site', value })),
  ),
  publicKey.map((value): [string, ValueData] => ['HS_PUBKEY', { format: 'key', value }]),
)

export const value: fc.Arbitrary<Value> = record({
  index: int32,
  typedData,
  ttl: fc.oneof(fc.nat(0x7fff_ffff), instant),
  timestamp: instant,
  permissions: bits(4),
  references: fc.array(reference, { maxLength: 3 }),
}).map(({ typedData: [type, data], ...rest }) => ({ ...rest, type, data }))
