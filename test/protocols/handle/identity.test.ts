import { createHash, createHmac } from 'node:crypto'
import { sm2 } from 'sm-crypto-v2'
import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { decodeChallengeAnswer } from '../../../src/protocols/handle/bodies/challenge-answer.ts'
import { makeChallengeBook } from '../../../src/protocols/handle/identity/challenges.ts'
import { parseKeyName } from '../../../src/protocols/handle/identity/prove.ts'
import { verifySm2 } from '../../../src/protocols/handle/identity/sm2.ts'
import { verifyKeyProof } from '../../../src/protocols/handle/identity/verify-key.ts'
import { verifySecretProof } from '../../../src/protocols/handle/identity/verify-secret.ts'
import { networkOf } from '../../../src/protocols/handle/network.ts'
import { publicKeyOfSpki } from '../../../src/protocols/handle/values/pem-key.ts'
import { readAnswer } from './a-client.ts'
import { keys, vector } from './wire-vectors.ts'

const sm2Key = publicKeyOfSpki(Buffer.from(keys['sm2PublicSpkiHex'] ?? '', 'hex'))
const rsaKey = publicKeyOfSpki(Buffer.from(keys['rsaPublicSpkiHex'] ?? '', 'hex'))
const user = '88.118.8/ADMIN'
const modern = { user, legacyDigests: false }

function proofOf(name: string) {
  const { hex, decoded } = vector(name)
  const { body } = readAnswer(Buffer.from(hex, 'hex'))
  const { signedResponse } = decodeChallengeAnswer(new ByteReader(body))
  return { signedResponse, challenged: Buffer.from(decoded.body.signedBytesHex, 'hex') }
}

t.test('the answers of the national SDK to its own challenges are right', async t => {
  t.ok(verifyKeyProof(rsaKey, { ...modern, ...proofOf('challenge-answer-rsa') }))
  t.ok(verifyKeyProof(sm2Key, { ...modern, ...proofOf('challenge-answer-sm2') }))
})

t.test('one bit, another key or another user makes them wrong', async t => {
  for (const [name, key] of [
    ['challenge-answer-rsa', rsaKey],
    ['challenge-answer-sm2', sm2Key],
  ] as const) {
    const proof = proofOf(name)
    const challenged = Buffer.from(proof.challenged)
    challenged.writeUInt8(0xff, 3)
    t.notOk(verifyKeyProof(key, { ...modern, ...proof, challenged }), name)
    t.notOk(verifyKeyProof(key === rsaKey ? sm2Key : rsaKey, { ...modern, ...proof }), name)
  }
  const sm2Proof = proofOf('challenge-answer-sm2')
  t.notOk(verifyKeyProof(sm2Key, { ...modern, ...sm2Proof, user: '88.118.8/admin' }))
})

t.test('an SM2 key used as Java does with SHA256withSM2 is right too', async t => {
  const challenged = Buffer.from('nonce and digest')
  const curve = '1234567812345678'
  const point = Buffer.concat([
    Buffer.from(sm2Key['x'] ?? '', 'base64url'),
    Buffer.from(sm2Key['y'] ?? '', 'base64url'),
  ])
  const parameters =
    'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0'
  const z = createHash('sha256')
    .update(Buffer.from('0080', 'hex'))
    .update(curve)
    .update(Buffer.from(parameters, 'hex'))
    .update(point)
    .digest()
  const e = createHash('sha256').update(z).update(challenged).digest()
  const privateKey = /0420([0-9a-f]{64})/.exec(keys['sm2PrivatePkcs8Hex'] ?? '')?.[1] ?? ''
  const signature = Buffer.from(sm2.doSignature(e, privateKey, { der: true, hash: false }), 'hex')

  t.ok(verifySm2(sm2Key, challenged, signature, { hash: 'SHA-256', user }))
  t.notOk(verifySm2(sm2Key, challenged, signature, { hash: 'SM3', user }))
})

t.test('what is no signature or no point is not right, and nothing worse', async t => {
  const challenged = Buffer.alloc(48)
  const { signedResponse } = proofOf('challenge-answer-sm2')
  const off = { ...sm2Key, y: sm2Key['x'] ?? '' }

  for (const der of ['', '30', '3006020100020100', '30060201010201ff', 'ff'.repeat(70)]) {
    t.notOk(verifySm2(sm2Key, challenged, Buffer.from(der, 'hex'), { hash: 'SM3', user }), der)
  }
  t.notOk(verifyKeyProof(off, { ...modern, challenged, signedResponse }))
  t.notOk(
    verifyKeyProof({ kty: 'RSA', n: 'AQ', e: 'AQ' }, { ...modern, challenged, signedResponse }),
  )
  const dsa = { kty: 'DSA', p: '', q: '', g: '', y: '' }
  t.notOk(verifyKeyProof(dsa, { ...modern, challenged, signedResponse }))
})

t.test(
  'secret answers are right by PBKDF2, and by old digests only where these are allowed',
  async t => {
    const proof = (name: string) => {
      const { hex, decoded } = vector(name)
      const parts = [decoded.nonceHex, decoded.requestDigestHex]
      return [
        Buffer.from(decoded.secretHex, 'hex'),
        Buffer.concat(parts.map((text: string) => Buffer.from(text, 'hex'))),
        Buffer.from(hex, 'hex'),
      ] as const
    }
    const allowed = { legacyDigests: true }
    const refused = { legacyDigests: false }

    t.ok(await verifySecretProof(...proof('secret-answer-pbkdf2'), refused))
    t.ok(await verifySecretProof(...proof('secret-answer-sha1'), allowed))
    t.notOk(await verifySecretProof(...proof('secret-answer-sha1'), refused))
    const [secret, challenged, response] = proof('secret-answer-pbkdf2')
    t.notOk(await verifySecretProof(Buffer.from('Secret'), challenged, response, refused))
    const mac = createHmac('sha256', secret).update(challenged).digest()
    t.ok(
      await verifySecretProof(
        secret,
        challenged,
        Buffer.concat([Buffer.from([0x13]), mac]),
        refused,
      ),
    )
  },
)

t.test('challenges are kept a minute, the newest, and for one answer', async t => {
  const makePart = makeChallengeBook({ countMax: 2, bytesMax: 1_000_000 })
  const [challenges, others] = [makePart(), makePart()]
  const { hex } = vector('resolve-all')
  const open = (sessionId: number) => ({
    sessionId,
    madeAtMs: 0,
    challenge: {
      requestDigest: { type: 3 as const, digest: Buffer.alloc(32) },
      nonce: Buffer.alloc(16),
    },
    request: { ...readAnswer(Buffer.from(hex, 'hex')), peer: {} as never },
  })
  for (const id of [1, 2, 3]) challenges.add(open(id))

  t.equal(challenges.take(1, 0), undefined)
  t.equal(others.take(2, 0), undefined)
  t.equal(challenges.take(2, 59_999)?.sessionId, 2)
  t.equal(challenges.take(2, 59_999), undefined)
  t.equal(challenges.take(3, 60_000), undefined)
})

t.test('a key’s name has its index in front', async t => {
  t.same(parseKeyName('300:88.118.8/a:b'), { handle: '88.118.8/a:b', index: 300 })
  t.same(parseKeyName('88.118.8/ADMIN'), { handle: '88.118.8/ADMIN', index: 0 })
})

t.test('a network is a /24 or a /48', async t => {
  t.equal(networkOf('192.0.2.77'), '192.0.2')
  t.equal(networkOf('::ffff:192.0.2.77'), '192.0.2')
  t.equal(networkOf('2001:db8:1:2::3'), '2001:db8:1')
  t.equal(networkOf('2001:db8::3'), networkOf('2001:db8:0:7::4'))
  t.equal(networkOf('::1'), '0:0:0')
  t.equal(networkOf('fe80::1%eth0'), 'fe80:0:0')
})
