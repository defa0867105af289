import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { PublicJwk } from '../../../model/value.ts'
import {
  decodeKeySignature,
  type SignatureHash,
  signatureHashOf,
} from '../bodies/challenge-answer.ts'
import { isSm2 } from '../values/pem-key.ts'
import { dsaPublicKey } from './dsa-key.ts'
import { verifySm2 } from './sm2.ts'

export interface KeyProof {
  /** What the answer to the challenge signs. */
  readonly challenged: Buffer
  readonly signedResponse: Buffer
  /** The user's handle as the answer writes it. */
  readonly user: string
  /** SHA-1 with RSA, and MD5, are right too. */
  readonly legacyDigests: boolean
}

/** Below this an RSA key can be broken by whoever wants to. */
const rsaBitsMin = 1024

/** Whether the answer to a challenge was signed with this key. @throws MalformedBytes */
export function verifyKeyProof(key: PublicJwk, proof: KeyProof): boolean {
  const { hashName, signature } = decodeKeySignature(proof.signedResponse)
  return verifySignature(key, signatureHashOf(hashName), signature, proof)
}

/** The same for a signature that came alone, with the hash that made it. */
export function verifySignature(
  key: PublicJwk,
  hash: SignatureHash | undefined,
  signature: Buffer,
  { challenged, user, legacyDigests }: Omit<KeyProof, 'signedResponse'>,
): boolean {
  if (hash === undefined) return false
  if (isSm2(key)) {
    const known = hash === 'SM3' || hash === 'SHA-256'
    return known && verifySm2(key, challenged, signature, { hash, user })
  }
  const isLegacy = hash === 'MD5' || (hash === 'SHA-1' && key.kty !== 'DSA')
  if (hash === 'SM3' || (isLegacy && !legacyDigests)) return false
  const opened = openKey(key)
  return opened !== undefined && verify(nodeNames[hash], challenged, opened, signature)
}

const nodeNames = { MD5: 'md5', 'SHA-1': 'sha1', 'SHA-256': 'sha256' } as const

function openKey(key: PublicJwk): KeyObject | undefined {
  try {
    if (key.kty === 'DSA') {
      const {
        p = '',
        q = '',
        g = '',
        y = '',
      } = key as Partial<Record<'p' | 'q' | 'g' | 'y', string>>
      return dsaPublicKey({ p, q, g, y })
    }
    const { n = '', e = '' } = key as { readonly n?: string; readonly e?: string }
    const opened = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
    const bits = opened.asymmetricKeyDetails?.modulusLength ?? 0
    return bits >= rsaBitsMin ? opened : undefined
  } catch {
    // A record may hold numbers that are no key.
    return undefined
  }
}
