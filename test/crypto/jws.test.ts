import { createHmac, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { signJws, verifyJws } from '../../src/crypto/jws.ts'
import { makeSm2Key, publicKeyOfSm2, signSm2 } from '../../src/crypto/sm2.ts'
import { readKeySet, type TrustedKeys } from '../../src/crypto/trusted-key.ts'
import { jws } from '../support/jws.ts'
import { aKey } from '../support/topnode.ts'

const [own, ec, rsa, stranger] = [aKey('a'), aKey('b', 'ec'), aKey('c', 'rsa'), aKey('a')]
const onlyPss = aKey('d', 'rsa')
const sm2Number = makeSm2Key()
const keys = readKeySet(
  JSON.stringify({
    keys: [
      own.jwk,
      ec.jwk,
      rsa.jwk,
      { ...onlyPss.jwk, alg: 'PS256' },
      { ...publicKeyOfSm2(sm2Number), kid: 'e' },
    ],
  }),
) as TrustedKeys
const payload = Buffer.from('{"v":1}')

t.test('each kind of key signs by its own algorithms', async t => {
  const made = [
    await signJws(payload, { kid: 'a', alg: 'EdDSA', key: own.privateKey }, 'x'),
    await signJws(payload, { kid: 'a', alg: 'Ed25519', key: own.privateKey }, 'x'),
    await signJws(payload, { kid: 'b', alg: 'ES256', key: ec.privateKey }, 'x'),
    await signJws(payload, { kid: 'c', alg: 'RS256', key: rsa.privateKey }, 'x'),
    await signJws(payload, { kid: 'c', alg: 'PS256', key: rsa.privateKey }, 'x'),
    await signJws(payload, { kid: 'd', alg: 'PS256', key: onlyPss.privateKey }, 'x'),
    sm2Jws({ alg: 'SM2SM3', kid: 'e' }),
  ]

  for (const token of made) {
    const { alg, kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
    t.strictSame(await verifyJws(token, keys), { kid, alg, payload })
  }
})

t.test('the attacks on signed documents are refused', async t => {
  const good = jws({ alg: 'EdDSA', kid: 'a' }, { v: 1 }, own.privateKey)
  const [header = '', body = '', signature = ''] = good.split('.')
  const other = Buffer.from('{"v":2}').toString('base64url')
  const pem = String(rsa.jwk.n)
  const attacks: Readonly<Record<string, readonly [string, string]>> = {
    'no signature': [`${header}.${body}.`, 'form'],
    'alg none without a signature': [jws({ alg: 'none', kid: 'a' }, { v: 1 }, undefined), 'form'],
    'alg none': [jws({ alg: 'none', kid: 'a' }, { v: 1 }, own.privateKey), 'alg'],
    'alg NONE': [jws({ alg: 'NONE', kid: 'a' }, { v: 1 }, own.privateKey), 'alg'],
    'no alg': [jws({ kid: 'a' }, { v: 1 }, own.privateKey), 'alg'],
    'alg that is a list': [jws({ alg: ['EdDSA'], kid: 'a' }, { v: 1 }, own.privateKey), 'alg'],
    'a public key as an HMAC secret': [hmacJws({ alg: 'HS256', kid: 'c' }, pem), 'alg'],
    'another algorithm of another kind': [
      jws({ alg: 'ES256', kid: 'a' }, { v: 1 }, ec.privateKey),
      'alg',
    ],
    'an algorithm of the kind that is not the key’s': [
      await signJws(payload, { kid: 'd', alg: 'RS256', key: onlyPss.privateKey }, 'x'),
      'alg',
    ],
    'SM2 said of Ed25519': [jws({ alg: 'SM2SM3', kid: 'a' }, { v: 1 }, own.privateKey), 'alg'],
    'SM2 of another identity': [
      sm2Jws({ alg: 'SM2SM3', kid: 'e' }, 'ALICE123@YAHOO.COM'),
      'signature',
    ],
    'SM2 as DER': [sm2Jws({ alg: 'SM2SM3', kid: 'e' }, undefined, 'der'), 'signature'],
    'a key of the same name': [
      jws({ alg: 'EdDSA', kid: 'a' }, { v: 1 }, stranger.privateKey),
      'signature',
    ],
    'no kid': [jws({ alg: 'EdDSA' }, { v: 1 }, own.privateKey), 'kid'],
    'a kid that is a path': [
      jws({ alg: 'EdDSA', kid: '../../dev/null' }, { v: 1 }, own.privateKey),
      'kid',
    ],
    'a kid of every object': [
      jws({ alg: 'EdDSA', kid: 'constructor' }, { v: 1 }, own.privateKey),
      'kid',
    ],
    'a key brought along': [
      jws({ alg: 'EdDSA', kid: 'a', jwk: stranger.jwk }, { v: 1 }, stranger.privateKey),
      'header',
    ],
    'a key to be fetched': [
      jws({ alg: 'EdDSA', kid: 'a', jku: 'https://evil.example' }, { v: 1 }, own.privateKey),
      'header',
    ],
    'a certificate brought along': [
      jws({ alg: 'EdDSA', kid: 'a', x5c: [] }, { v: 1 }, own.privateKey),
      'header',
    ],
    'something critical': [
      jws({ alg: 'EdDSA', kid: 'a', crit: ['exp'] }, { v: 1 }, own.privateKey),
      'header',
    ],
    'a payload that is not encoded': [
      jws({ alg: 'EdDSA', kid: 'a', b64: false }, { v: 1 }, own.privateKey),
      'header',
    ],
    'another payload': [`${header}.${other}.${signature}`, 'signature'],
    'no payload': [`${header}..${signature}`, 'signature'],
    'a second signature': [`${good}.${signature}`, 'form'],
    'white space': [` ${good}`, 'form'],
    'a header that is no object': [`W10.${body}.${signature}`, 'form'],
    nothing: ['', 'form'],
  }

  for (const [what, [token, fault]] of Object.entries(attacks)) {
    t.equal(await verifyJws(token, keys), fault, what)
  }
  t.match(await verifyJws(good, keys), { kid: 'a' })
  t.equal(await verifyJws(good, new Map()), 'kid', 'no keys at all')
})

t.test('a key set is read whole or not at all', async t => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const cases: Readonly<Record<string, readonly [unknown, object]>> = {
    'no JSON': ['{', { fault: 'json' }],
    'no list': [{ keys: {} }, { fault: 'json' }],
    'a private key': [
      { keys: [own.jwk, { ...ec.privateKey.export({ format: 'jwk' }) }] },
      { fault: 'private', position: 1 },
    ],
    'a secret': [{ keys: [{ kty: 'oct', k: 'AAAA' }] }, { fault: 'private', position: 0 }],
    'another curve': [{ keys: [{ ...ec.jwk, crv: 'P-384' }] }, { fault: 'kind', position: 0 }],
    'a kind of every object': [{ keys: [{ kty: 'EC', crv: 'toString' }] }, { fault: 'kind' }],
    'an algorithm of another kind': [{ keys: [{ ...own.jwk, alg: 'RS256' }] }, { fault: 'alg' }],
    'for enciphering': [{ keys: [{ ...own.jwk, use: 'enc' }] }, { fault: 'use' }],
    'off the curve': [{ keys: [{ ...ec.jwk, x: ec.jwk.y }] }, { fault: 'point' }],
    'too short': [{ keys: [short.export({ format: 'jwk' })] }, { fault: 'short' }],
    'a name twice': [{ keys: [own.jwk, stranger.jwk] }, { fault: 'twice', position: 1 }],
    'too many': [{ keys: Array(101).fill(own.jwk) }, { fault: 'tooMany' }],
    'no key': [{ keys: [null] }, { fault: 'kind', position: 0 }],
  }

  for (const [what, [input, fault]] of Object.entries(cases)) {
    t.match(readKeySet(typeof input === 'string' ? input : JSON.stringify(input)), fault, what)
  }
  t.strictSame(keys.get('a')?.httpAlgs, ['ed25519'])
  t.strictSame(keys.get('c')?.httpAlgs, ['rsa-pss-sha512', 'rsa-v1_5-sha256'])
  t.strictSame(keys.get('d')?.httpAlgs, ['rsa-pss-sha512'])
  t.strictSame(keys.get('e')?.httpAlgs, [])
})

function textOf(header: object): string {
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload.toString('base64url')}`
}

function hmacJws(header: object, secret: string): string {
  const text = textOf(header)
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

function sm2Jws(header: object, id?: string, form?: 'der'): string {
  const text = textOf(header)
  const rules = { ...(id && { id }), ...(form && { form }) }
  return `${text}.${signSm2(sm2Number, Buffer.from(text), rules).toString('base64url')}`
}
