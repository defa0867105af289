import { createHash, createHmac, createPublicKey, pbkdf2Sync, verify } from 'node:crypto'
import t from 'tap'
import { ByteReader } from '../../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../../src/protocols/bytes/writer.ts'
import { challengedBytes } from '../../../../src/protocols/handle/bodies/challenge.ts'
import {
  type ChallengeAnswer,
  decodeChallengeAnswer,
  decodeKeySignature,
  encodeKeySignature,
  signatureHashOf,
} from '../../../../src/protocols/handle/bodies/challenge-answer.ts'
import {
  decodePasswordLogin,
  encodePasswordLogin,
} from '../../../../src/protocols/handle/bodies/login.ts'
import {
  decodeSecretAnswer,
  encodeSecretAnswer,
  pbkdf2IterationsMax,
  type SecretAnswer,
} from '../../../../src/protocols/handle/bodies/secret-answer.ts'
import { decodeSessionSetup } from '../../../../src/protocols/handle/bodies/session.ts'
import { malformed } from '../../bytes/malformed.ts'
import { decodeAll } from '../recode.ts'
import { type Annotation, bytesOf, keys, vector } from '../wire-vectors.ts'

t.test('a real RSA answer verifies over the challenged bytes', async t => {
  const { body } = vector('challenge-answer-rsa').decoded
  const answer = decodeAll(bytesOf('challenge-answer-rsa')).body as ChallengeAnswer
  const { hashName, signature } = decodeKeySignature(answer.signedResponse)
  const key = createPublicKey({
    key: Buffer.from(keys['rsaPublicSpkiHex'] ?? '', 'hex'),
    format: 'der',
    type: 'spki',
  })

  const signed = challengedBytes(challengeOf(body, 3))

  t.equal(signed.toString('hex'), body.signedBytesHex)
  t.equal(signatureHashOf(hashName), 'SHA-256')
  t.ok(verify('sha256', signed, key, signature))
})

t.test('hash names are known in each spelling, one byte among them', async t => {
  const spellings = {
    'SHA-256': ['SHA-256', 'SHA256', 'sha-256', '\x03'],
    'SHA-1': ['SHA1', 'SHA-1', '\x02'],
    MD5: ['MD5', '\x01'],
    SM3: ['SM3'],
  }

  for (const [hash, names] of Object.entries(spellings)) {
    for (const name of names) t.equal(signatureHashOf(name), hash)
  }
  for (const name of ['', 'SHA-512', 'constructor', '\x04'])
    t.equal(signatureHashOf(name), undefined)
})

t.test('a signature is written as it was read', async t => {
  const writer = new ByteWriter(1024)
  const { signedResponse } = decodeAll(bytesOf('challenge-answer-sm2')).body as ChallengeAnswer

  encodeKeySignature(writer, decodeKeySignature(signedResponse))

  t.equal(writer.taken().toString('hex'), signedResponse.toString('hex'))
})

t.test('an answer of another authentication type is malformed', async t => {
  const writer = new ByteWriter(1024)
  writer.text('HS_MAGIC')
  writer.bytes(Buffer.alloc(20))

  t.throws(() => decodeChallengeAnswer(new ByteReader(writer.taken())), malformed('value'))
})

t.test('secret answers hold what their secret gives', async t => {
  const { decoded } = vector('secret-answer-sha1')
  const secret = Buffer.from(decoded.secretHex, 'hex')
  const signed = Buffer.from(decoded.nonceHex + decoded.requestDigestHex, 'hex')
  const old = decodeSecretAnswer(bytesOf('secret-answer-sha1'))
  const current = decodeSecretAnswer(bytesOf('secret-answer-pbkdf2'))
  if (current.kind !== 'pbkdf2') throw new Error('pbkdf2 expected')

  const { salt, iterations, keyBits } = current
  const derived = pbkdf2Sync(secret, salt, iterations, keyBits / 8, 'sha1')

  t.match(old, { kind: 'digest', algorithm: 'SHA-1' })
  t.same(old.mac, createHash('sha1').update(secret).update(signed).update(secret).digest())
  t.same(current.mac, createHmac('sha1', derived).update(signed).digest())
})

t.test('every kind of secret answer comes back as it was written', async t => {
  const digests = [
    ['MD5', 16],
    ['SHA-1', 20],
    ['SHA-256', 32],
    ['HMAC-SHA1', 20],
    ['HMAC-SHA256', 32],
  ] as const

  for (const [algorithm, length] of digests) {
    const answer: SecretAnswer = { kind: 'digest', algorithm, mac: Buffer.alloc(length, 7) }
    t.strictSame(decodeSecretAnswer(encode(answer)), answer)
    const longer = { ...answer, mac: Buffer.alloc(length + 1) }
    t.throws(() => decodeSecretAnswer(encode(longer)), malformed('trailing'))
  }
})

t.test('a peer does not decide how long we compute', async t => {
  const answer = {
    kind: 'pbkdf2',
    salt: Buffer.alloc(16),
    iterations: pbkdf2IterationsMax,
    keyBits: 160,
    mac: Buffer.alloc(20),
  } as const

  t.strictSame(decodeSecretAnswer(encode(answer)), answer)
  for (const more of [
    { iterations: pbkdf2IterationsMax + 1 },
    { keyBits: 1024 },
    { salt: Buffer.alloc(65) },
  ]) {
    t.throws(() => decodeSecretAnswer(encode({ ...answer, ...more })), malformed('limit'))
  }
  for (const less of [
    { iterations: 0 },
    { keyBits: 0 },
    { keyBits: 9 },
    { mac: Buffer.alloc(19) },
  ]) {
    t.throws(() => decodeSecretAnswer(encode({ ...answer, ...less })), malformed('value'))
  }
})

t.test('a password login has one password', async t => {
  const writer = new ByteWriter(1024)
  encodePasswordLogin(writer, { user: 'operator', password: '密码' })
  const bytes = writer.taken()
  const none = Buffer.from('00000001610000000000000000', 'hex')

  t.strictSame(decodePasswordLogin(new ByteReader(bytes)), { user: 'operator', password: '密码' })
  t.throws(() => decodePasswordLogin(new ByteReader(none)), malformed('value'))
})

t.test('each mode of a session setup has its own end, and a fifth is malformed', async t => {
  const start = (mode: number) => Buffer.from(`000${mode}00000e1000000000ffffffff`, 'hex')
  const key = Buffer.from('00000001aa', 'hex')
  const read = (...parts: readonly Buffer[]) =>
    decodeSessionSetup(new ByteReader(Buffer.concat([...parts, Buffer.alloc(2)])))

  t.match(read(start(1), key), {
    mode: 1,
    timeoutSeconds: 3600,
    publicKey: Buffer.from('aa', 'hex'),
  })
  t.match(read(start(2)), { mode: 2, identity: { handle: '', index: -1 } })
  t.match(read(start(4), key), { mode: 4 })
  t.throws(() => read(start(5)), malformed('value'))
})

function challengeOf(body: Annotation, type: 3) {
  return {
    nonce: Buffer.from(body.nonceHex, 'hex'),
    requestDigest: { type, digest: Buffer.from(body.requestDigestHex, 'hex') },
  }
}

function encode(answer: SecretAnswer): Buffer {
  const writer = new ByteWriter(1024)
  encodeSecretAnswer(writer, answer)
  return writer.taken()
}
