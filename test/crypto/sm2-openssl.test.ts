import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeSm2Key, publicKeyOfSm2, signSm2 } from '../../src/crypto/sm2.ts'

/** id-ecPublicKey with the curve SM2 (RFC 5480, GM/T 0006), before the 65 bytes of a point. */
const spkiHead = '3059301306072a8648ce3d020106082a811ccf5501822d034200'

t.test('openssl verifies an SM2 answer to a challenge', { skip: hasNoOpenssl() }, async t => {
  const folder = t.testdir()
  const key = makeSm2Key()
  const { x = '', y = '' } = publicKeyOfSm2(key)
  const point = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ])
  const challenged = Buffer.from('nonce and digest of a challenge')
  // As id-pointer answers: the challenge hashed once beforehand, the user's handle as identity.
  const message = createHash('sm3').update(challenged).digest()
  const user = '88.118.8/ADMIN'
  const files = {
    key: join(folder, 'public.der'),
    signature: join(folder, 'answer.der'),
    message: join(folder, 'message'),
  }
  writeFileSync(files.key, Buffer.concat([Buffer.from(spkiHead, 'hex'), point]))
  writeFileSync(files.signature, signSm2(key, message, { id: user, form: 'der' }))
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
})

function hasNoOpenssl(): string | false {
  try {
    return /^OpenSSL 3/.test(execFileSync('openssl', ['version'], { encoding: 'utf8' }))
      ? false
      : 'no openssl 3'
  } catch {
    return 'no openssl'
  }
}
