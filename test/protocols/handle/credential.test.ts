import { createHmac, createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import {
  credentialBytes,
  decodeCredential,
  encodeCredential,
} from '../../../src/protocols/handle/credential.ts'
import { decodeEnvelope } from '../../../src/protocols/handle/envelope.ts'
import { decodeMessage } from '../../../src/protocols/handle/message.ts'
import { malformed } from '../bytes/malformed.ts'
import { bytesOf, keys, vector } from './wire-vectors.ts'

t.test('a real signature verifies over the bytes we say it covers', async t => {
  const { credential, covered } = signedMessage('resolve-ok-signed')
  const key = createPublicKey({
    key: Buffer.from(keys['rsaPublicSpkiHex'] ?? '', 'hex'),
    format: 'der',
    type: 'spki',
  })

  t.match(credential, { type: 'HS_SIGNED', sessionCounter: 0, digestAlgorithm: 'SHA-256' })
  t.ok(verify('sha256', covered, key, credential.signature))
})

t.test('a real MAC is the one of the bytes we say it covers', async t => {
  const { credential, covered } = signedMessage('resolve-ok-mac')
  const sessionKey = Buffer.from(vector('resolve-ok-mac').decoded.body.sessionKeyHex, 'hex')

  const mac = createHmac('sha256', sessionKey).update(covered).digest()

  t.match(credential, { type: 'HS_MAC', sessionCounter: 5, digestAlgorithm: 'HMAC-SHA256' })
  t.equal(credential.signature.toString('hex'), mac.toString('hex'))
})

t.test('the suggested version is covered from 2.8 on', async t => {
  const envelope = {
    majorVersion: 2,
    suggestMajor: 2,
    suggestMinor: 11,
    sessionId: 0,
    requestId: 1,
  }
  const body = Buffer.from('aa', 'hex')

  const old = credentialBytes({ ...envelope, minorVersion: 7 }, 3, body)
  const current = credentialBytes({ ...envelope, minorVersion: 8 }, 3, body)

  t.equal(old.toString('hex'), '0207000000000000000100000003aa')
  t.equal(current.toString('hex'), '0208020b000000000000000100000003aa')
})

t.test('a credential of another version is malformed', async t => {
  t.throws(() => decodeCredential(Buffer.alloc(64, 1)), malformed('value'))
})

t.test('a credential is written as it was read', async t => {
  const { credential } = signedMessage('resolve-ok-signed')
  const writer = new ByteWriter(1024)

  encodeCredential(writer, credential)

  t.equal(writer.taken().toString('hex'), vector('resolve-ok-signed').decoded.body.credentialHex)
})

function signedMessage(name: string) {
  const bytes = bytesOf(name)
  const reader = new ByteReader(bytes)
  const envelope = decodeEnvelope(reader)
  const message = decodeMessage(bytes, envelope, reader.offset)
  const credential = decodeCredential(message.credential)
  const covered = credentialBytes(envelope, credential.sessionCounter, message.signedPart)
  return { credential, covered }
}
