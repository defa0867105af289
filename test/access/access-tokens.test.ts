import t from 'tap'
import { makeAccessTokens } from '../../src/access/access-tokens.ts'
import { peekJwt } from '../../src/crypto/jwt.ts'
import type { Key } from '../../src/crypto/key-store.ts'
import { makeSigningKeys } from '../../src/crypto/signing-keys.ts'
import { jws } from '../support/jws.ts'
import { aSigningKey } from '../support/signing-keys.ts'

const nowMs = Date.parse('2026-11-23T06:00:00Z')
const issuer = 'https://id.example.cn'

function someTokens(keys: readonly Key[] = [aSigningKey()], at = issuer) {
  const signing = makeSigningKeys(keys, 0)
  const tokens = makeAccessTokens({
    keys: () => signing,
    issuer: () => at,
    makeId: () => 'one of a kind',
  })
  return { ...tokens, signing }
}

t.test(
  'a token says who its client is and what it is bound to, and nothing of its rights',
  async t => {
    const { issue, read } = someTokens()

    const free = await issue('ab12cd34', undefined, nowMs)
    const bound = await issue('ab12cd34', 'thumbprint', nowMs)

    t.strictSame(await read(free, nowMs), { clientId: 'ab12cd34', thumbprint: undefined })
    t.strictSame(await read(bound, nowMs), { clientId: 'ab12cd34', thumbprint: 'thumbprint' })
    t.match(peekJwt(bound), { typ: 'at+jwt', alg: 'EdDSA' })
    t.strictSame(peekJwt(bound)?.claims, {
      iss: issuer,
      aud: issuer,
      sub: 'ab12cd34',
      client_id: 'ab12cd34',
      iat: nowMs / 1000,
      exp: nowMs / 1000 + 300,
      jti: 'one of a kind',
      cnf: { 'x5t#S256': 'thumbprint' },
    })
  },
)

t.test('a token ends after five minutes', async t => {
  const { issue, read } = someTokens()
  const token = await issue('ab12cd34', undefined, nowMs)

  t.ok(await read(token, nowMs + 299_999))
  t.equal(await read(token, nowMs + 300_000), undefined)
})

t.test('a token of another node, of a key that leaked, or too long, is none', async t => {
  const key = aSigningKey()
  const { issue } = someTokens([key])
  const token = await issue('ab12cd34', undefined, nowMs)
  const elsewhere = someTokens([key], 'https://other.example.cn')
  const leaked = someTokens([
    { ...key, state: 'retired', leaked: true },
    aSigningKey({ version: 2 }),
  ])
  const retired = someTokens([{ ...key, state: 'retired' }, aSigningKey({ version: 2 })])
  const long = await issue('x'.repeat(2_000), undefined, nowMs)

  t.equal(await elsewhere.read(token, nowMs), undefined)
  t.equal(await leaked.read(token, nowMs), undefined)
  t.ok(await retired.read(token, nowMs), 'a retired key is still believed')
  t.equal(await someTokens([key]).read(long, nowMs), undefined)
})

t.test('what the right key signed is a token only if it is of that type', async t => {
  const { read, signing } = someTokens()
  const { kid, key } = signing.signer(nowMs)
  const claims = { iss: issuer, aud: issuer, sub: 'ab12cd34', exp: nowMs / 1000 + 10 }
  const wrong: [object, object][] = [
    [{ alg: 'EdDSA', kid, typ: 'qxm-status+jwt' }, claims],
    [{ alg: 'EdDSA', kid, typ: 'JWT' }, claims],
    [{ alg: 'EdDSA', kid }, claims],
    [{ alg: 'EdDSA', typ: 'at+jwt' }, claims],
    [{ alg: 'EdDSA', kid: '../token', typ: 'at+jwt' }, claims],
    [
      { alg: 'EdDSA', kid, typ: 'at+jwt' },
      { ...claims, aud: [issuer] },
    ],
    [
      { alg: 'EdDSA', kid, typ: 'at+jwt' },
      { ...claims, iss: 'https://other.example.cn' },
    ],
    [
      { alg: 'EdDSA', kid, typ: 'at+jwt' },
      { ...claims, exp: undefined },
    ],
    [
      { alg: 'EdDSA', kid, typ: 'at+jwt' },
      { ...claims, exp: '9999999999' },
    ],
    [
      { alg: 'EdDSA', kid, typ: 'at+jwt' },
      { ...claims, sub: 7 },
    ],
  ]

  t.ok(await read(jws({ alg: 'EdDSA', kid, typ: 'at+jwt' }, claims, key), nowMs))
  for (const [header, body] of wrong) {
    t.equal(await read(jws(header, body, key), nowMs), undefined, JSON.stringify([header, body]))
  }
})
