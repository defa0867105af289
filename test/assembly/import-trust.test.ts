import { join } from 'node:path'
import t from 'tap'
import {
  followImportTrust,
  importTargets,
  makeVerifyGrant,
} from '../../src/assembly/import-trust.ts'
import { makeLiveConfig } from '../../src/assembly/reload.ts'
import { makeAuthority } from '../../src/crypto/pki.ts'
import { readConfig } from '../../src/runtime/config.ts'
import { jws } from '../support/jws.ts'
import { aKey, bits } from '../support/topnode.ts'

const now = Date.UTC(2026, 10, 23, 6)
const key = aKey('top-1')
const grant = {
  v: 1,
  id: 'grant-1',
  source: '86',
  target: '88.118',
  prefixes: ['88.118.1'],
  tables: ['identifiers'],
  fields: {},
  rows: 10,
  nbf: now / 1000,
  exp: now / 1000 + 60,
}

function configOf(env: Readonly<Record<string, string>>) {
  const tls = { QXM_TLS_CERT: 'cert.pem', QXM_TLS_KEY: 'key.pem' }
  return readConfig({ env: { ...tls, ...env } }).config
}

t.test('trust is what the configuration and its files say, and follows them', async t => {
  const authority = await makeAuthority({ name: 'top', now: new Date(now), days: 9, bits })
  const folder = t.testdir({
    'ca.pem': authority.certificate,
    'keys.json': JSON.stringify({ keys: [key.jwk] }),
  })
  const first = configOf({
    QXM_IMPORT_CA: join(folder, 'ca.pem'),
    QXM_IMPORT_KEYS: join(folder, 'keys.json'),
    QXM_IMPORT_PINS: 'A'.repeat(43),
    QXM_IMPORT_URIS: 'urn:topnode:86, urn:topnode:87',
  })
  const live = makeLiveConfig(first)

  const trust = followImportTrust(live)

  t.strictSame([...trust().pins], ['A'.repeat(43)])
  t.strictSame(trust().uris, ['urn:topnode:86', 'urn:topnode:87'])
  t.strictSame([...trust().keys.keys()], ['top-1'])
  t.equal(trust().authorities.length, 1)
  live.offer(configOf({ QXM_IMPORT_CA: join(folder, 'ca.pem') }))
  t.strictSame([trust().pins.size, trust().keys.size], [0, 0])
})

t.test('a file that cannot be used says which key of the configuration and why', async t => {
  const folder = t.testdir({
    empty: '',
    'private.json': JSON.stringify({
      keys: [key.jwk, key.privateKey.export({ format: 'jwk' })],
    }),
    'twice.json': JSON.stringify({ keys: [key.jwk, key.jwk] }),
  })
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ QXM_IMPORT_CA: join(folder, 'empty') }, /import\.ca: .*holds no certificate/],
    [{ QXM_IMPORT_CA: join(folder, 'none') }, /import\.ca: .*cannot be read/],
    [{ QXM_IMPORT_KEYS: join(folder, 'empty') }, /import\.keys: the key set .*no JSON/],
    [{ QXM_IMPORT_KEYS: join(folder, 'private.json') }, /key 2 .*private key/],
    [{ QXM_IMPORT_KEYS: join(folder, 'twice.json') }, /key 2 .*its kid/],
  ]

  for (const [env, message] of cases) {
    t.throws(() => followImportTrust(makeLiveConfig(configOf(env))), { message })
  }
})

t.test('a grant is verified by the keys of the top-level node, for us, for now', async t => {
  const folder = t.testdir({ 'keys.json': JSON.stringify({ keys: [key.jwk] }) })
  const config = configOf({ QXM_IMPORT_KEYS: join(folder, 'keys.json') })
  const trust = followImportTrust(makeLiveConfig(config))
  const verify = makeVerifyGrant(trust, importTargets(config), { now: () => now })
  const sign = (more: object = {}, header: object = {}, by = key.privateKey) =>
    jws({ alg: 'EdDSA', kid: 'top-1', ...header }, { ...grant, ...more }, by)

  t.strictSame(await verify(sign()), { grant, signer: 'top-1' })
  t.match(await verify(sign({ target: '88.118.1' })), { signer: 'top-1' })
  for (const [token, code, rule] of [
    ['no JWS', 'INPUT_INVALID', 'grant.form'],
    [sign({}, {}, aKey('top-1').privateKey), 'NOT_PERMITTED', 'grant.signature.signature'],
    [sign({}, { kid: 'other' }), 'NOT_PERMITTED', 'grant.signature.kid'],
    [sign({}, { alg: 'none' }), 'NOT_PERMITTED', 'grant.signature.alg'],
    [sign({ target: '88.119' }), 'NOT_PERMITTED', 'grant.target'],
    [sign({ nbf: 1, exp: now / 1000 }), 'NOT_PERMITTED', 'grant.expired'],
    [sign({ rows: 0 }), 'INPUT_INVALID', 'grant.rows'],
  ] as const) {
    await t.rejects(verify(token), { code, errors: [{ rule }] }, rule)
  }
})
