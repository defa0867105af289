import { createHash, createHmac, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { makeRsaSigner } from '../../../crypto/rsa-key.ts'
import { signSm2 } from '../../../crypto/sm2.ts'
import type { Reference } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { type Challenge, challengedBytes } from '../bodies/challenge.ts'
import { type ChallengeAnswer, encodeKeySignature } from '../bodies/challenge-answer.ts'
import { encodeSecretAnswer } from '../bodies/secret-answer.ts'
import { makeRequestDigest } from '../request-digest.ts'

/** What a client proves to be somebody with. */
export type LoginKey =
  /** PKCS#8, DER. */
  | { readonly kind: 'rsa'; readonly pkcs8: Buffer }
  /** The key's number, 32 bytes. */
  | { readonly kind: 'sm2'; readonly number: Buffer }
  /** As the HS_SECKEY has it. */
  | { readonly kind: 'secret'; readonly secret: Buffer }

const derive = promisify(pbkdf2)
/** As Handle.Net's and the national clients derive it. */
const pbkdf2Rules = { saltBytes: 16, iterations: 10_000, keyBits: 160 } as const
/** RSA of 16 384 bits signs with 2 KB. */
const answerBytesMax = 4_096

/**
 * Answers a challenge (RFC 3652 §3.5.2).
 * @param as the value that holds the key's public half, or the secret
 * @param signedPart the request that was challenged: a challenge of another one is not signed
 * @throws MalformedBytes for such a challenge
 */
export async function answerChallenge(
  challenge: Challenge,
  signedPart: Buffer,
  as: Reference,
  key: LoginKey,
  random: (byteCount: number) => Buffer,
): Promise<ChallengeAnswer> {
  const { type, digest } = challenge.requestDigest
  if (!makeRequestDigest(type, signedPart).digest.equals(digest)) {
    throw new MalformedBytes('value', 'the challenge of another request')
  }
  const authType = key.kind === 'secret' ? 'HS_SECKEY' : 'HS_PUBKEY'
  const challenged = challengedBytes(challenge)
  return { authType, key: as, signedResponse: await prove(key, challenged, as.handle, random) }
}

async function prove(
  key: LoginKey,
  challenged: Buffer,
  user: string,
  random: (byteCount: number) => Buffer,
): Promise<Buffer> {
  const writer = new ByteWriter(answerBytesMax)
  switch (key.kind) {
    case 'rsa': {
      const signature = await makeRsaSigner(key.pkcs8).sign(challenged)
      encodeKeySignature(writer, { hashName: 'SHA-256', signature })
      break
    }
    case 'sm2': {
      // The national SDKs hash once beforehand, and sign as the user's handle.
      const hashed = createHash('sm3').update(challenged).digest()
      const signature = signSm2(key.number, hashed, { id: user, form: 'der' })
      encodeKeySignature(writer, { hashName: 'SM3', signature })
      break
    }
    case 'secret': {
      const { saltBytes, iterations, keyBits } = pbkdf2Rules
      const salt = random(saltBytes)
      const derived = await derive(key.secret, salt, iterations, keyBits / 8, 'sha1')
      const mac = createHmac('sha1', derived).update(challenged).digest()
      encodeSecretAnswer(writer, { kind: 'pbkdf2', salt, iterations, keyBits, mac })
      break
    }
  }
  return writer.taken()
}
