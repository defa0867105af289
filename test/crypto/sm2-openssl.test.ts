import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeSm2Key, publicKeyOfSm2 } from '../../src/crypto/sm2.ts'
import { ByteReader } from '../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../src/protocols/bytes/writer.ts'
import { encodeChallenge } from '../../src/protocols/handle/bodies/challenge.ts'
import {
  decodeChallengeAnswer,
  decodeKeySignature,
} from '../../src/protocols/handle/bodies/challenge-answer.ts'
import { openAdministrator } from '../../src/protocols/handle/client/administer.ts'
import { encodeMessage } from '../../src/protocols/handle/message.ts'
import { opCodes } from '../../src/protocols/handle/op-codes.ts'
import { makeRequestDigest } from '../../src/protocols/handle/request-digest.ts'
import { responseCodes } from '../../src/protocols/handle/response-codes.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { bodyOf, readAnswer } from '../protocols/handle/a-client.ts'
import { aTcpPeer } from '../protocols/handle/client/a-peer.ts'

/** id-ecPublicKey with the curve SM2 (RFC 5480, GM/T 0006), before the 65 bytes of a point. */
const spkiHead = '3059301306072a8648ce3d020106082a811ccf5501822d034200'

t.test(
  'openssl verifies the SM2 answer that our client sends',
  { skip: hasNoOpenssl() },
  async t => {
    const folder = t.testdir()
    const number = makeSm2Key()
    const user = '88.118.8/ADMIN'
    const nonce = randomBytes(16)
    const { challenged, signature } = await answerOverTheWire(t, number, user, nonce)
    // The challenge hashed once beforehand, the user's handle as identity.
    const message = createHash('sm3').update(challenged).digest()
    const files = {
      key: join(folder, 'public.der'),
      signature: join(folder, 'answer.der'),
      message: join(folder, 'message'),
    }
    writeFileSync(files.key, spkiOf(number))
    writeFileSync(files.signature, signature)
    writeFileSync(files.message, message)

    const verify = (id: string) =>
      execFileSync(
        'openssl',
        [
          ...['pkeyutl', '-verify', '-rawin', '-digest', 'sm3', '-pkeyopt', `distid:${id}`],
          ...['-pubin', '-keyform', 'DER', '-inkey', files.key],
          ...['-in', files.message, '-sigfile', files.signature],
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      )

    t.match(verify(user), /Signature Verified Successfully/)
    t.throws(() => verify('88.118.8/OTHER'), 'with another identity it does not')
  },
)

/** Has our client log in to a server that challenges it, and reads what it signs. */
async function answerOverTheWire(t: Test, number: Buffer, user: string, nonce: Buffer) {
  let challenged: Buffer = Buffer.alloc(0)
  let signedResponse: Buffer = Buffer.alloc(0)
  const peer = await aTcpPeer(t, (frame, socket) => {
    const { header, body, signedPart, envelope } = readAnswer(frame)
    const isLogin = header.opCode === opCodes.LOGIN_KEY
    const requestDigest = makeRequestDigest(3, signedPart)
    if (isLogin) challenged = Buffer.concat([nonce, requestDigest.digest])
    else ({ signedResponse } = decodeChallengeAnswer(new ByteReader(Buffer.from(body))))
    const writer = new ByteWriter(4096)
    encodeMessage(writer, {
      envelope,
      header: {
        ...header,
        responseCode: isLogin ? responseCodes.AUTHENTICATION_NEEDED : responseCodes.SUCCESS,
      },
      body: isLogin ? bodyOf(encodeChallenge, { requestDigest, nonce }) : Buffer.alloc(0),
    })
    socket.write(writer.taken())
  })
  using client = openAdministrator({
    place: { address: '127.0.0.1', port: peer.port },
    as: { handle: user, index: 301 },
    key: { kind: 'sm2', number },
    clock: systemClock,
    random: randomBytes,
    attemptTimeoutMs: 10_000,
  })
  await client.logIn(AbortSignal.timeout(10_000))
  return { challenged, signature: decodeKeySignature(signedResponse).signature }
}

function spkiOf(number: Buffer): Buffer {
  const { x = '', y = '' } = publicKeyOfSm2(number)
  const point = [Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  return Buffer.concat([Buffer.from(spkiHead, 'hex'), ...point])
}

function hasNoOpenssl(): string | false {
  try {
    return /^OpenSSL 3/.test(execFileSync('openssl', ['version'], { encoding: 'utf8' }))
      ? false
      : 'no openssl 3'
  } catch {
    return 'no openssl'
  }
}
