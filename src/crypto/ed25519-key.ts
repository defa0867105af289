import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { PublicJwk } from '../model/value.ts'

/** A new Ed25519 private key: PKCS#8, DER. */
export function makeEd25519Key(): Buffer {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' })
}

/** Whether the bytes are an Ed25519 private key (PKCS#8, DER). */
export function isEd25519Key(pkcs8: Buffer): boolean {
  try {
    return openEd25519Key(pkcs8).asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}

/** @param pkcs8 a private key, DER */
export function openEd25519Key(pkcs8: Buffer): KeyObject {
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}

/** The SubjectPublicKeyInfo (DER) of a private key (PKCS#8, DER). */
export function spkiOfEd25519Key(pkcs8: Buffer): Buffer {
  return createPublicKey(openEd25519Key(pkcs8)).export({ type: 'spki', format: 'der' })
}

/** The public half of a private key (PKCS#8, DER): `{kty:"OKP",crv:"Ed25519",x}` (RFC 8037 §2). */
export function publicJwkOfEd25519Key(pkcs8: Buffer): PublicJwk {
  const { x = '' } = createPublicKey(openEd25519Key(pkcs8)).export({ format: 'jwk' })
  return { kty: 'OKP', crv: 'Ed25519', x }
}
