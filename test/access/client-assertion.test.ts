import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { clientIdIn, readAssertion } from '../../src/access/client-assertion.ts'
import { readVerifyKey, type VerifyKey } from '../../src/crypto/jwk.ts'
import { jws } from '../support/jws.ts'

const nowMs = Date.parse('2026-11-23T06:00:00Z')
const now = nowMs / 1000
const endpoint = 'https://id.example.cn/oauth/token'
const id = 'ab12cd34'
const ed = generateKeyPairSync('ed25519')
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = [
  readVerifyKey({ ...ed.publicKey.export({ format: 'jwk' }), kid: 'ed' }) as VerifyKey,
  readVerifyKey({ ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec' }) as VerifyKey,
]
const claims = { iss: id, sub: id, aud: endpoint, exp: now + 60, iat: now, jti: 'one' }

function read(assertion: string) {
  return readAssertion(assertion, { id, keys }, endpoint, nowMs)
}

function readClaims(more: object) {
  return read(jws({ alg: 'EdDSA' }, { ...claims, ...more }, ed.privateKey))
}

t.test('an assertion is read with the key it names, or any of its kind', async t => {
  const expected = { jti: 'one', endsAtMs: nowMs + 120_000 }

  t.strictSame(await read(jws({ alg: 'EdDSA', kid: 'ed' }, claims, ed.privateKey)), expected)
  t.strictSame(await read(jws({ alg: 'ES256' }, claims, ec.privateKey)), expected)
  t.strictSame(await readClaims({ aud: [endpoint] }), expected)
  for (const typ of ['JWT', 'client-authentication+jwt']) {
    t.ok(await read(jws({ alg: 'EdDSA', typ }, claims, ed.privateKey)), typ)
  }
})

t.test('a kid is a name of the client’s own list, and its algorithm the key’s', async t => {
  const kids = ['ec', 'unknown', '../ed', '/dev/null', '', 7, null, { $ne: 1 }, '__proto__']

  for (const kid of kids) {
    const assertion = jws({ alg: 'EdDSA', kid }, claims, ed.privateKey)
    t.equal(await read(assertion), undefined, JSON.stringify(kid))
  }
  t.equal(await read(jws({ alg: 'none' }, claims, undefined)), undefined)
  t.equal(await read(jws({ alg: 'ES256' }, claims, ed.privateKey)), undefined)
  t.equal(await read(jws({ alg: 'HS256', kid: 'ed' }, claims, ed.privateKey)), undefined)
  const stranger = generateKeyPairSync('ed25519')
  t.equal(await read(jws({ alg: 'EdDSA' }, claims, stranger.privateKey)), undefined)
})

t.test('another kind of token is no assertion, though the same key signed it', async t => {
  for (const typ of ['at+jwt', 'qxm-status+jwt', 'dpop+jwt', 'jwt']) {
    t.equal(await read(jws({ alg: 'EdDSA', typ }, claims, ed.privateKey)), undefined, typ)
  }
})

t.test('it is the client’s own, for this endpoint and no other beside it', async t => {
  const wrong = [
    { iss: 'ffffffff' },
    { sub: 'ffffffff' },
    { iss: undefined },
    { aud: undefined },
    { aud: 'https://id.example.cn' },
    { aud: `${endpoint}/` },
    { aud: 'https://evil.example/oauth/token' },
    { aud: [endpoint, 'https://evil.example/oauth/token'] },
    { aud: [] },
    { aud: [[endpoint]] },
  ]

  for (const more of wrong) t.equal(await readClaims(more), undefined, JSON.stringify(more))
})

t.test('it lives a minute at most, by clocks that differ by a minute at most', async t => {
  const right = [
    { exp: now - 59 },
    { exp: now + 120 },
    { iat: now + 60 },
    { nbf: now + 60 },
    { iat: undefined },
    { exp: now + 0.5 },
  ]
  const wrong = [
    { exp: now - 60 },
    { exp: now + 120.5 },
    { exp: now + 1e9 },
    { exp: undefined },
    { exp: String(now + 30) },
    { exp: null },
    { iat: now + 61 },
    { nbf: now + 61 },
    { nbf: 'soon' },
  ]

  for (const more of right) t.ok(await readClaims(more), JSON.stringify(more))
  for (const more of wrong) t.equal(await readClaims(more), undefined, JSON.stringify(more))
})

t.test('it has a name of its own, by which it is known again', async t => {
  for (const jti of [undefined, '', 7, null, 'x'.repeat(257)]) {
    t.equal(await readClaims({ jti }), undefined, String(jti))
  }
  t.ok(await readClaims({ jti: 'x'.repeat(256) }))
})

t.test(
  'whose it claims to be is seen before anything is proven, in what is not too long',
  async t => {
    const long = { ...claims, note: 'x'.repeat(4_096) }

    t.equal(clientIdIn(jws({ alg: 'none' }, claims, undefined)), undefined, 'without a signature')
    t.equal(clientIdIn(jws({ alg: 'EdDSA' }, claims, ed.privateKey)), id)
    t.equal(clientIdIn(jws({ alg: 'EdDSA' }, { ...claims, sub: 'x' }, ed.privateKey)), undefined)
    t.equal(clientIdIn(jws({ alg: 'EdDSA' }, long, ed.privateKey)), undefined)
    t.equal(await readClaims(long), undefined)
    t.equal(clientIdIn('not.a.token'), undefined)
  },
)
