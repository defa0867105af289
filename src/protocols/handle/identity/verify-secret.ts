import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import {
  decodeSecretAnswer,
  type SecretAnswer,
  type SecretDigest,
} from '../bodies/secret-answer.ts'

const derive = promisify(pbkdf2)

/**
 * Whether a challenge was answered with this secret (RFC 3652 §3.5.2, and PBKDF2 from 2.7 on).
 * @param secret the bytes of the HS_SECKEY, itself a hash where the user's writer stored it so
 * @param challenged nonce and request digest
 * @throws MalformedBytes
 */
export async function verifySecretProof(
  secret: Buffer,
  challenged: Buffer,
  signedResponse: Buffer,
  { legacyDigests }: { readonly legacyDigests: boolean },
): Promise<boolean> {
  const answer = decodeSecretAnswer(signedResponse)
  if (answer.kind === 'digest' && isLegacy(answer.algorithm) && !legacyDigests) return false
  const expected = await macOf(secret, challenged, answer)
  return expected.length === answer.mac.length && timingSafeEqual(expected, answer.mac)
}

async function macOf(secret: Buffer, challenged: Buffer, answer: SecretAnswer): Promise<Buffer> {
  if (answer.kind === 'pbkdf2') {
    const { salt, iterations, keyBits } = answer
    const key = await derive(secret, salt, iterations, keyBits / 8, 'sha1')
    return createHmac('sha1', key).update(challenged).digest()
  }
  switch (answer.algorithm) {
    case 'HMAC-SHA1':
      return createHmac('sha1', secret).update(challenged).digest()
    case 'HMAC-SHA256':
      return createHmac('sha256', secret).update(challenged).digest()
    case 'MD5':
      return surrounded('md5', secret, challenged)
    case 'SHA-1':
      return surrounded('sha1', secret, challenged)
    case 'SHA-256':
      return surrounded('sha256', secret, challenged)
  }
}

function surrounded(algorithm: string, secret: Buffer, challenged: Buffer): Buffer {
  return createHash(algorithm).update(secret).update(challenged).update(secret).digest()
}

function isLegacy(algorithm: SecretDigest): boolean {
  return algorithm === 'MD5' || algorithm === 'SHA-1' || algorithm === 'HMAC-SHA1'
}
