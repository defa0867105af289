import { createHmac, generateKeyPairSync, verify } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { readVerifyKey, type VerifyKey } from '../../src/crypto/jwk.ts'
import { looksLikeJwt, peekJwt, signJwt, verifyJwt } from '../../src/crypto/jwt.ts'
import { jws } from '../support/jws.ts'

const own = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = readVerifyKey({ ...own.publicKey.export({ format: 'jwk' }) }) as VerifyKey
const ecKey = readVerifyKey({ ...ec.publicKey.export({ format: 'jwk' }) }) as VerifyKey
const claims = { sub: 'ab12cd34' }

t.test('what we sign is verified by others, and what others sign by us', async t => {
  const token = await signJwt(claims, 'at+jwt', { kid: 'one', key: own.privateKey })
  const [header = '', payload = '', signature = ''] = token.split('.')

  t.ok(
    verify(
      null,
      Buffer.from(`${header}.${payload}`),
      own.publicKey,
      Buffer.from(signature, 'base64url'),
    ),
  )
  t.strictSame(peekJwt(token), { alg: 'EdDSA', typ: 'at+jwt', kid: 'one', claims })
  t.strictSame(await verifyJwt(token, key), claims)
  t.strictSame(await verifyJwt(jws({ alg: 'ES256' }, claims, ec.privateKey), ecKey), claims)
})

t.test('the attacks on signed tokens are refused', async t => {
  const pem = own.publicKey.export({ type: 'spki', format: 'pem' })
  const good = jws({ alg: 'EdDSA' }, claims, own.privateKey)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const forged = Buffer.from(JSON.stringify({ sub: 'operator' })).toString('base64url')
  const hmacHeader = Buffer.from('{"alg":"HS256"}').toString('base64url')
  const hmac = (secret: string | Buffer) =>
    createHmac('sha256', secret).update(`${hmacHeader}.${payload}`).digest('base64url')
  const raw = Buffer.from(key.jwk['x'] ?? '', 'base64url')
  const attacks: Readonly<Record<string, string>> = {
    'no signature': `${header}.${payload}.`,
    'alg none': jws({ alg: 'none' }, claims, undefined),
    'alg None with a signature': jws({ alg: 'None' }, claims, own.privateKey),
    'the public key as an HMAC secret, PEM': `${hmacHeader}.${payload}.${hmac(String(pem))}`,
    'the public key as an HMAC secret, raw': `${hmacHeader}.${payload}.${hmac(raw)}`,
    'the algorithm of another kind of key': jws({ alg: 'ES256' }, claims, ec.privateKey),
    'another key': jws({ alg: 'EdDSA' }, claims, other.privateKey),
    'another key that is sent along': jws(
      { alg: 'EdDSA', jwk: other.publicKey.export({ format: 'jwk' }) },
      claims,
      other.privateKey,
    ),
    'another key that is to be fetched': jws(
      { alg: 'EdDSA', jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert' },
      claims,
      other.privateKey,
    ),
    'a critical header we do not know': jws(
      { alg: 'EdDSA', crit: ['exp'], exp: 1 },
      claims,
      own.privateKey,
    ),
    'claims that are not encoded': jws(
      { alg: 'EdDSA', b64: false, crit: ['b64'] },
      claims,
      own.privateKey,
    ),
    'other claims': `${header}.${forged}.${signature}`,
    'a second signature': `${good}.${signature}`,
    'a signature of zeros': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'claims that are a list': jws({ alg: 'EdDSA' }, [claims], own.privateKey),
    'white space': ` ${good}`,
    padding: `${header}.${payload}=.${signature}`,
  }

  for (const [what, token] of Object.entries(attacks)) {
    t.equal(await verifyJwt(token, key), undefined, what)
  }
  t.strictSame(await verifyJwt(good, key), claims)
})

t.test('one changed letter anywhere is another token', async t => {
  const good = jws({ alg: 'EdDSA' }, claims, own.privateKey)

  for (let at = 0; at < good.length; at++) {
    const letter = good[at] === 'A' ? 'B' : 'A'
    const changed = good.slice(0, at) + letter + good.slice(at + 1)
    const read = await verifyJwt(changed, key)
    // The last letter of a signature of 64 bytes has four bits that mean nothing.
    if (read !== undefined) t.equal(at, good.length - 1, `position ${at}`)
  }
})

t.test('what is no token is none, and nothing worse', async t => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.base64String()), async text => {
      const shapes = [text, `eyJ${text}`, `eyJhbGciOiJFZERTQSJ9.${text}.${text}`]
      for (const each of shapes) {
        peekJwt(each)
        if ((await verifyJwt(each, key)) !== undefined) return false
      }
      return true
    }),
  )
  t.equal(looksLikeJwt('qxk_ab12cd34_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'), false)
  t.equal(peekJwt('eyJ.eyJ.x'), undefined)
})
