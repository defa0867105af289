import { createHash, createHmac } from 'node:crypto'
import { kcv as blockCipherKcv } from './code-cipher.ts'
import { isEd25519Key, makeEd25519Key, spkiOfEd25519Key } from './ed25519-key.ts'
import type { RandomBytes } from './master-key.ts'
import { makeRsaKey, rsaBits, spkiOfRsaKey } from './rsa-key.ts'

/**
 * The algorithms whose keys are random bytes, and how many; `sealing` is a DEK, from which
 * `sealing.ts` draws.
 */
const keyBytes = { sm4: 16, 'aes-256': 32, 'hmac-sm3': 32, sealing: 32 } as const
export type SecretAlgorithm = keyof typeof keyBytes

/** `rsa-2048` and `ed25519` are private keys: PKCS#8, DER. */
export type KeyAlgorithm = SecretAlgorithm | 'rsa-2048' | 'ed25519'

/** A new key. */
export function makeKey(algorithm: KeyAlgorithm, random: RandomBytes): Buffer | Promise<Buffer> {
  switch (algorithm) {
    case 'rsa-2048':
      return makeRsaKey()
    case 'ed25519':
      return makeEd25519Key()
    default:
      return random(keyBytes[algorithm])
  }
}

/**
 * Whether the bytes are a key of that algorithm. Asked also of what was under the master key: the algorithm stands
 * beside it in clear.
 */
export function isKeyOf(algorithm: KeyAlgorithm, key: Buffer): boolean {
  switch (algorithm) {
    case 'rsa-2048':
      return rsaBits(key) === 2048
    case 'ed25519':
      return isEd25519Key(key)
    default:
      return key.length === keyBytes[algorithm]
  }
}

/**
 * The check value of a key: 6 hex digits. For a block cipher the first 3 bytes of the enciphered
 * zero block, as hardware modules have it; of a private key those of its public key's SM3;
 * elsewhere of an HMAC-SM3, so that the zero block of a key used with GCM, its hash key, stays
 * secret.
 */
export function kcvOf(algorithm: KeyAlgorithm, key: Buffer): string {
  switch (algorithm) {
    case 'sm4':
    case 'aes-256':
      return blockCipherKcv(algorithm, key)
    case 'hmac-sm3':
    case 'sealing':
      return createHmac('sm3', key).update('qxm-kcv-v1').digest().toString('hex', 0, 3)
    case 'rsa-2048':
      return createHash('sm3').update(spkiOfRsaKey(key)).digest().toString('hex', 0, 3)
    case 'ed25519':
      return createHash('sm3').update(spkiOfEd25519Key(key)).digest().toString('hex', 0, 3)
  }
}

/**
 * Whether a key has the check value of one that is printed in standards or in our documents, so
 * that anybody could issue codes with it: right for the demo, never in production.
 */
export function isPublishedKey(algorithm: KeyAlgorithm, kcv: string): boolean {
  return publishedKcvs.has(`${algorithm} ${kcv}`)
}

const publishedKcvs: ReadonlySet<string> = new Set([
  'sm4 2677f4', // GB/T 32907-2016 annex A: 0123456789abcdeffedcba9876543210
  'sm4 09cbe1', // the key of FIPS 197 and SP 800-38G samples: 2b7e151628aed2a6abf7158809cf4f3c
  'aes-256 20ec0f', // 32 times 11
])
