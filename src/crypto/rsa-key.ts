import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { PublicJwk } from '../model/value.ts'

const generate = promisify(generateKeyPair)
const signAside = promisify(sign)

/** What every Handle client of the field verifies, Java 8 with id-pointer among them. */
const modulusBits = 2048

/** A new RSA private key: PKCS#8, DER. Made beside the event loop. */
export async function makeRsaKey(): Promise<Buffer> {
  const { privateKey } = await generate('rsa', { modulusLength: modulusBits })
  return privateKey.export({ type: 'pkcs8', format: 'der' })
}

/** How many bits the modulus has; undefined for what is no RSA private key (PKCS#8, DER). */
export function rsaBits(pkcs8: Buffer): number | undefined {
  try {
    return open(pkcs8).asymmetricKeyDetails?.modulusLength
  } catch {
    return undefined
  }
}

/** The SubjectPublicKeyInfo (DER) of a private key (PKCS#8, DER). */
export function spkiOfRsaKey(pkcs8: Buffer): Buffer {
  return createPublicKey(open(pkcs8)).export({ type: 'spki', format: 'der' })
}

/** A private key in use: signs by SHA-256 and PKCS#1 v1.5, beside the event loop. */
export interface RsaSigner {
  readonly publicKey: PublicJwk
  sign(bytes: Buffer): Promise<Buffer>
}

/** @param pkcs8 an RSA private key, DER */
export function makeRsaSigner(pkcs8: Buffer): RsaSigner {
  const key = open(pkcs8)
  const { n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { publicKey: { kty: 'RSA', n, e }, sign: bytes => signAside('sha256', bytes, key) }
}

function open(pkcs8: Buffer): KeyObject {
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}
