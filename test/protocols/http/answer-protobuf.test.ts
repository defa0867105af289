import { join } from 'node:path'
import protobuf from 'protobufjs'
import t from 'tap'
import { answerToJson } from '../../../src/protocols/http/answer-json.ts'
import type { Answer } from '../../../src/resolver/parts.ts'
import { aValue } from '../../support/builders.ts'
import { repositoryFolder } from '../../support/store.ts'
import { protobuf as encoder } from './a-door.ts'

// The published file, read as a stranger reads it.
const root = new protobuf.Root().loadSync(join(repositoryFolder, 'proto/qxm/v1/resolve.proto'))
const decodeAnswer = (bytes: Buffer) =>
  root.lookupType('qxm.v1.Answer').toObject(root.lookupType('qxm.v1.Answer').decode(bytes), {
    longs: Number,
    oneofs: true,
  })

const answer: Answer = {
  identifier: '88.118.8/阀门',
  system: 'handle',
  kind: 'product',
  code: '88.118.1/1XJRACLXEEWEA9',
  values: [
    aValue(),
    aValue({
      index: 2,
      data: { format: 'base64', value: 'AP8=' },
      ttl: '2027-01-01T00:00:00Z',
      permissions: '1100',
    }),
    aValue({
      index: 3,
      type: 'HS_VLIST',
      data: { format: 'vlist', value: [{ handle: '88.118.8/x', index: 300 }] },
      references: [{ handle: 'a/b', index: 1 }],
    }),
    aValue({
      index: 100,
      type: 'HS_ADMIN',
      data: {
        format: 'admin',
        value: { handle: '0.NA/88.118.8', index: 200, permissions: '011111110011' },
      },
    }),
    aValue({
      index: 300,
      type: 'HS_PUBKEY',
      data: { format: 'key', value: { kty: 'RSA', n: 'AQ', e: 'AQAB' } },
    }),
    aValue({
      index: 400,
      type: 'HS_SITE',
      data: {
        format: 'site',
        value: {
          version: 1,
          protocolVersion: '2.10',
          serialNumber: 3,
          primarySite: true,
          multiPrimary: false,
          attributes: [{ name: 'desc', value: 'x' }],
          servers: [
            {
              serverId: 1,
              address: '192.0.2.1',
              publicKey: { format: 'key', value: { kty: 'EC', crv: 'SM2', x: 'AQ', y: 'Ag' } },
              interfaces: [{ query: true, admin: false, protocol: 'TCP', port: 2641 }],
            },
          ],
        },
      },
    }),
  ],
  prefixes: [{ system: 'gs1', prefix: '6901234', for: ['product'] }],
  morePrefixes: true,
  sameAs: [{ system: 'gs1', identifier: '01/06901234000016' }],
  referral: null,
  withheld: [{ index: 7, type: 'EMAIL', reason: 'notPublic' }],
  serial: 17,
  asOf: '2026-11-23T06:00:00Z',
  ttlSeconds: 300,
}

t.test('an answer keeps everything through Protobuf', async t => {
  const decoded = decodeAnswer(encoder.encode(answer))

  t.equal(decoded['identifier'], answer.identifier)
  t.equal(decoded['code'], answer.code)
  t.equal(decoded['serial'], 17)
  t.equal(decoded['morePrefixes'], true)
  t.strictSame(decoded['prefixes'], answer.prefixes)
  t.strictSame(decoded['sameAs'], answer.sameAs)
  t.strictSame(decoded['withheld'], answer.withheld)
  const [text, bytes, list, admin, key, site] = decoded['values']
  t.equal(text.text, 'https://example.com/')
  t.equal(text.ttlSeconds, 86_400)
  t.equal(text.permissions, undefined)
  t.strictSame(Buffer.from(bytes.bytes), Buffer.from([0, 255]))
  t.equal(bytes.ttlUntil, '2027-01-01T00:00:00Z')
  t.equal(bytes.permissions, '1100')
  t.strictSame(list.list.items, [{ handle: '88.118.8/x', index: 300 }])
  t.strictSame(list.references, [{ handle: 'a/b', index: 1 }])
  t.equal(admin.admin.permissions, '011111110011')
  t.strictSame(key.key.jwk, { kty: 'RSA', n: 'AQ', e: 'AQAB' })
  t.equal(site.site.servers[0].publicKey.jwk.crv, 'SM2')
  t.equal(site.site.servers[0].interfaces[0].port, 2641)
})

t.test('what is absent in JSON is absent in Protobuf', async t => {
  const { withheld: _, morePrefixes: __, ...bare } = answer
  const decoded = decodeAnswer(encoder.encode({ ...bare, code: null, values: [], successor: null }))

  for (const member of [
    'code',
    'successor',
    'referral',
    'withheld',
    'morePrefixes',
    'stale',
    'asked',
  ]) {
    t.notOk(member in decoded && decoded[member] !== null, member)
  }
})

t.test('a referral tells whom to ask', async t => {
  const referral = {
    prefix: '88.118.9',
    kind: 'service',
    sites: [{ address: '192.0.2.7', protocols: [{ protocol: 'TCP', port: 2641 }] }],
  } as const

  t.strictSame(decodeAnswer(encoder.encode({ ...answer, referral }))['referral'], referral)
})

t.test('a traced answer says what was asked and how it was found', async t => {
  const steps = [{ step: 'name', text: 'recognised', facts: { system: 'handle' } }]
  const decoded = decodeAnswer(encoder.encodeTraced(answer, '88.118.8/阀门 ', steps))

  t.equal(decoded['asked'], '88.118.8/阀门 ')
  t.strictSame(decoded['trace'], [
    { step: 'name', text: 'recognised', factsJson: '{"system":"handle"}' },
  ])
})

t.test('JSON has its members in the documented order', async t => {
  t.strictSame(
    Object.keys(answerToJson({ ...answer, status: 'active', successor: null, stale: true })),
    [
      'identifier',
      'system',
      'kind',
      'code',
      'status',
      'successor',
      'values',
      'prefixes',
      'morePrefixes',
      'sameAs',
      'referral',
      'withheld',
      'serial',
      'asOf',
      'ttlSeconds',
      'stale',
    ],
  )
  const [first, second] = answerToJson(answer)['values'] as Record<string, unknown>[]
  t.strictSame(Object.keys(first ?? {}), ['index', 'type', 'data', 'ttl', 'timestamp'])
  t.equal(second?.['permissions'], '1100')
})
