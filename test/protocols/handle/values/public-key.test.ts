import { createPublicKey } from 'node:crypto'
import t from 'tap'
import type { PublicJwk } from '../../../../src/model/value.ts'
import { ByteWriter } from '../../../../src/protocols/bytes/writer.ts'
import {
  pemOfPublicKey,
  publicKeyOfPem,
  publicKeyOfSpki,
  spkiOfPublicKey,
} from '../../../../src/protocols/handle/values/pem-key.ts'
import {
  decodePublicKey,
  encodePublicKey,
} from '../../../../src/protocols/handle/values/public-key.ts'
import { malformed } from '../../bytes/malformed.ts'
import { bytesOf, keys, vector } from '../wire-vectors.ts'

for (const name of ['hs-pubkey-rsa-pem', 'hs-pubkey-sm2-pem']) {
  t.test(`${name} is written again as the SDK wrote it`, async t => {
    const key = decodePublicKey(bytesOf(name))

    t.equal(pemOfPublicKey(key), bytesOf(name).toString())
    t.equal(spkiOfPublicKey(key).toString('hex'), vector(name).decoded.spkiHex)
  })
}

t.test('an RSA key is the one its numbers say', async t => {
  const spki = Buffer.from(keys['rsaPublicSpkiHex'] ?? '', 'hex')
  const expected = createPublicKey({ key: spki, format: 'der', type: 'spki' })

  const key = decodePublicKey(bytesOf('hs-pubkey-rsa'))

  t.ok(expected.equals(createPublicKey({ key, format: 'jwk' })))
})

t.test('an RSA key is read with and without the empty field behind it', async t => {
  const bytes = bytesOf('hs-pubkey-rsa')

  t.strictSame(decodePublicKey(bytes.subarray(0, -4)), decodePublicKey(bytes))
})

t.test('a DSA key has its numbers without signs', async t => {
  const { decoded } = vector('hs-pubkey-dsa')

  const key = decodePublicKey(bytesOf('hs-pubkey-dsa'))

  for (const name of ['q', 'p', 'g', 'y']) {
    const number = Buffer.from(key[name] ?? '', 'base64url').toString('hex')
    t.equal(number, decoded[`${name}Hex`].replace(/^00/, ''))
  }
})

t.test('an SM2 key is also written as DER, for peers that read that', async t => {
  const key = decodePublicKey(bytesOf('hs-pubkey-sm2'))
  const writer = new ByteWriter(1024)

  encodePublicKey(writer, key, 'der')
  const bytes = writer.taken()

  t.equal(bytes.toString('hex').endsWith(keys['sm2PublicSpkiHex'] ?? 'none'), true)
  t.strictSame(decodePublicKey(bytes), key)
})

t.test('PEM with other line ends is read', async t => {
  const pem = bytesOf('hs-pubkey-sm2-pem').toString().replaceAll('\r\n', '\n')

  t.equal(publicKeyOfPem(pem)['crv'], 'SM2')
  t.equal(publicKeyOfPem(pem.trim())['crv'], 'SM2')
})

t.test('keys we cannot use are malformed', async t => {
  const p256 = createPublicKey({
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    },
    format: 'jwk',
  })
  const dh = Buffer.from('0000000a44485f5055425f4b45590000', 'hex')

  t.throws(() => publicKeyOfSpki(p256.export({ format: 'der', type: 'spki' })), malformed('value'))
  t.throws(() => publicKeyOfSpki(Buffer.alloc(91)), malformed('value'))
  t.throws(() => publicKeyOfPem('-----BEGIN PUBLIC KEY-----'), malformed('value'))
  t.throws(
    () => publicKeyOfPem(`-----BEGIN PUBLIC KEY-----\n${'A'.repeat(9000)}`),
    malformed('value'),
  )
  t.throws(() => decodePublicKey(dh), malformed('value'))
  t.throws(() => decodePublicKey(Buffer.alloc(0)), malformed('truncated'))
})

t.test('a number longer than any real key is refused', async t => {
  const bytes = bytesOf('hs-pubkey-rsa')
  const huge = Buffer.concat([bytes.subarray(0, 24), Buffer.alloc(4), Buffer.alloc(4000)])
  huge.writeInt32BE(3000, 24)

  t.throws(() => decodePublicKey(huge), malformed('limit'))
})

t.test('a key that is no key of ours is our own mistake', async t => {
  const keys: readonly PublicJwk[] = [
    { kty: 'OKP', crv: 'Ed25519', x: 'AA' },
    { kty: 'RSA', e: 'AQAB' },
    { kty: 'EC', crv: 'SM2', x: 'AA', y: 'AA' },
  ]

  for (const key of keys) {
    t.throws(() => encodePublicKey(new ByteWriter(1024), key), { code: 'ERR_ASSERTION' })
  }
})
