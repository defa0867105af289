import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { decodeResolutionAnswer } from '../../../src/protocols/handle/bodies/resolution.ts'
import { credentialBytes, decodeCredential } from '../../../src/protocols/handle/credential.ts'
import { sentCode } from '../../../src/protocols/handle/refusal.ts'
import { siteOfServer } from '../../../src/protocols/handle/site-values.ts'
import { versionFor } from '../../../src/protocols/handle/write-answer.ts'
import { aQuestion, aTcpClient } from './a-client.ts'
import { aHandleDoor } from './a-handle-door.ts'
import { keys } from './wire-vectors.ts'

const key = createPrivateKey({
  key: Buffer.from(keys['rsaPrivatePkcs8Hex'] ?? '', 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const site = siteOfServer({
  address: '127.0.0.1',
  interfaces: [],
  serialNumber: 7,
  description: 'test',
})

t.test('an answer is signed over its own envelope where that is asked for', async t => {
  const { tcpAt } = await aHandleDoor(t, {
    handle: {
      site: () => ({
        sites: [site],
        serialNumber: 7,
        sign: async (bytes: Buffer) => sign('sha256', bytes, key),
      }),
    },
  })
  const client = await aTcpClient(t, tcpAt)

  const frame = aQuestion('88.118.8/ABC-1', { opFlags: 0x4180_0000, sessionId: 9 })
  const { envelope, header, signedPart, credential, body } = await client.ask(frame)

  const { signature, type } = decodeCredential(credential)
  t.equal(type, 'HS_SIGNED')
  t.ok(header.opFlags & 0x4000_0000)
  t.equal(header.siteInfoSerialNumber, 7)
  t.ok(verify('sha256', credentialBytes(envelope, 0, signedPart), createPublicKey(key), signature))
  t.equal(decodeResolutionAnswer(new ByteReader(body.subarray(33))).handle, '88.118.8/ABC-1')
})

t.test('the version of an answer is the lesser of what both speak', async t => {
  const envelopeOf = (version: readonly [number, number, number, number]) => {
    const [majorVersion, minorVersion, suggestMajor, suggestMinor] = version
    return { majorVersion, minorVersion, suggestMajor, suggestMinor }
  }
  const answered = (...version: [number, number, number, number]) => {
    const { major, minor } = versionFor(envelopeOf(version) as Parameters<typeof versionFor>[0])
    return `${major}.${minor}`
  }

  t.equal(answered(2, 10, 2, 11), '2.10')
  t.equal(answered(2, 3, 2, 10), '2.10')
  t.equal(answered(2, 3, 0, 0), '2.3')
  t.equal(answered(2, 1, 2, 5), '2.5')
  t.equal(answered(5, 0, 0, 0), '2.10')
})

t.test('codes that some clients cannot read are sent only where all can', async t => {
  t.equal(sentCode(301, false), 100)
  t.equal(sentCode(301, true), 301)
  t.equal(sentCode(6, false), 2)
  t.equal(sentCode(406, false), 403)
  for (const code of [1, 4, 5, 100, 200, 302, 402, 405]) t.equal(sentCode(code, false), code)
})
