import { createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { parseTrustToken } from '../../../../src/protocols/handle/values/trust-token.ts'
import { malformed } from '../../bytes/malformed.ts'
import { bytesOf, keys, vector } from '../wire-vectors.ts'

const names = ['hs-signature-rsa', 'hs-cert-rsa', 'hs-cert-sm2', 'caict-signature-sm2']

for (const name of names) {
  t.test(`${name} is read as its payload says`, async t => {
    const payload = JSON.parse(vector(name).decoded.payload)

    const token = parseTrustToken(bytesOf(name).toString())

    t.equal(token.alg, vector(name).decoded.alg)
    t.equal(`${token.issuer.index}:${token.issuer.handle}`, payload.iss)
    t.equal(token.subject, payload.sub)
    t.equal(token.issuedAt, payload.iat)
    t.equal(token.notBefore, payload.nbf)
    t.equal(token.expires, payload.exp)
    t.strictSame(token.perms, payload.perms)
    t.strictSame(token.digests, payload.digests)
    t.strictSame(token.chain, [])
  })
}

t.test("the signed bytes and the signature verify under the signer's key", async t => {
  const key = createPublicKey({
    key: Buffer.from(keys['rsaPublicSpkiHex'] ?? '', 'hex'),
    format: 'der',
    type: 'spki',
  })

  for (const name of ['hs-signature-rsa', 'hs-cert-rsa']) {
    const { signed, signature } = parseTrustToken(bytesOf(name).toString())
    t.ok(verify('sha256', signed, key, signature), name)
  }
})

t.test('the JSON form is read by its first signature', async t => {
  const compact = bytesOf('hs-cert-rsa').toString()
  const [header, payload, signature] = compact.split('.')
  const json = JSON.stringify({ payload, signatures: [{ protected: header, signature }] })

  t.strictSame(parseTrustToken(json), parseTrustToken(compact))
})

t.test("certified keys are read, id-pointer's SM2 form too", async t => {
  const rsa = parseTrustToken(bytesOf('hs-cert-rsa').toString()).publicKey
  const sm2 = parseTrustToken(bytesOf('hs-cert-sm2').toString()).publicKey

  t.match(rsa, { kty: 'RSA', e: 'AQAB' })
  t.match(sm2, { kty: 'EC', crv: 'SM2' })
  t.notOk(sm2 !== undefined && 'd' in sm2)
})

t.test('a chain names values', async t => {
  const token = parseTrustToken(tokenOf({ chain: ['300:0.0/0.0', '401:88.118.8/江苏'] }))

  t.strictSame(token.chain, [
    { index: 300, handle: '0.0/0.0' },
    { index: 401, handle: '88.118.8/江苏' },
  ])
})

t.test('what is no token is malformed', async t => {
  const [header, payload] = tokenOf({}).split('.')
  const texts = [
    '',
    'a.b',
    `${header}.${payload}.AA.AA`,
    `${header}.${payload}.A`,
    `${header}.${payload}.A+A=`,
    `${header}.${payload}=.AA`,
    `${payload}.${payload}.AA`,
    tokenOf({ iss: 'nobody' }),
    tokenOf({ sub: 5 }),
    tokenOf({ iat: 'now' }),
    tokenOf({ chain: '300:0.0/0.0' }),
    tokenOf({ digests: { alg: 'SHA-256', digests: [{ index: '1', digest: '' }] } }),
    tokenOf({ publicKey: { kty: 'OKP' } }),
    tokenOf({ perms: [{ handle: '88' }] }),
    '{"payload":"AA","signatures":[]}',
  ]

  for (const text of texts) t.throws(() => parseTrustToken(text), malformed('value'), text)
})

t.test('a token and a chain have an end', async t => {
  t.throws(() => parseTrustToken('a'.repeat(70_000)), malformed('limit'))
  t.throws(() => parseTrustToken(tokenOf({ chain: Array(51).fill('1:a/b') })), malformed('limit'))
})

function tokenOf(claims: object): string {
  const payload = { iss: '300:88.118.8/ADMIN', sub: '88.118.8/a', ...claims }
  return [{ alg: 'RS256' }, payload]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('AA')
    .join('.')
}
