import { generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import t from 'tap'
import { readVerifyKey, thumbprintOf, type VerifyKey } from '../../src/crypto/jwk.ts'

const ed = generateKeyPairSync('ed25519')
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const edJwk = { ...ed.publicKey.export({ format: 'jwk' }) }
const ecJwk = { ...ec.publicKey.export({ format: 'jwk' }) }

t.test(
  'a public key is read with its one algorithm, and named by itself or its thumbprint',
  async t => {
    const named = readVerifyKey({
      ...edJwk,
      kid: 'line 3',
      use: 'sig',
      alg: 'EdDSA',
      x5u: 'https://',
    })
    const unnamed = readVerifyKey(ecJwk) as VerifyKey

    t.strictSame(named, { kid: 'line 3', alg: 'EdDSA', jwk: edJwk })
    t.match(unnamed, { alg: 'ES256', jwk: ecJwk })
    t.equal(unnamed.kid, await calculateJwkThumbprint(ecJwk))
  },
)

t.test('the thumbprint of RFC 8037 appendix A.3', async t => {
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'

  t.equal(
    thumbprintOf({ x, kty: 'OKP', crv: 'Ed25519' }),
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  )
})

t.test('whatever else is refused, and a private key by that name', async t => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const faults: [unknown, Readonly<Record<string, unknown>>][] = [
    ['private', { ...ed.privateKey.export({ format: 'jwk' }) }],
    ['private', { ...ec.privateKey.export({ format: 'jwk' }) }],
    ['private', { kty: 'oct', k: 'AA' }],
    ['kind', { ...rsa.publicKey.export({ format: 'jwk' }) }],
    ['kind', { ...p384.publicKey.export({ format: 'jwk' }) }],
    ['kind', { ...edJwk, kty: 'EC' }],
    ['kind', {}],
    ['alg', { ...edJwk, alg: 'ES256' }],
    ['alg', { ...ecJwk, alg: 'none' }],
    ['alg', { ...ecJwk, alg: 'HS256' }],
    ['use', { ...edJwk, use: 'enc' }],
    ['kid', { ...edJwk, kid: '' }],
    ['kid', { ...edJwk, kid: 7 }],
    ['kid', { ...edJwk, kid: 'x'.repeat(129) }],
    ['point', { ...edJwk, x: 'AA' }],
    ['point', { ...edJwk, x: `${String(edJwk['x']).slice(0, -1)}=` }],
    ['point', { ...ecJwk, y: ecJwk['x'] }],
    ['point', { kty: 'EC', crv: 'P-256', x: ecJwk['x'] }],
    ['point', { ...ecJwk, x: 5 }],
  ]

  for (const [fault, input] of faults) t.equal(readVerifyKey(input), fault, JSON.stringify(input))
})
