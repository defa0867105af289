import assert from 'node:assert/strict'
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto'
import type { RandomBytes } from './master-key.ts'

/** Where a sealed value stands; it opens nowhere else. */
export interface SealedPlace {
  /** The identifier of the record or subject. */
  readonly handle: string
  /** `<table>.<field>`, without `|`. */
  readonly field: string
  /** Version of the record it was written with. */
  readonly version: number
}

/** Seals and opens the values of one data encryption key. */
export interface Sealing {
  seal(plain: Buffer, place: SealedPlace): Buffer
  /**
   * Opens a blob of either form.
   * @throws SealBroken when it was changed, moved, or sealed under another key
   */
  unseal(blob: Buffer, place: SealedPlace): Buffer
}

/**
 * A sealed value that does not open: somebody wrote to the store beside us, or keys were mixed up.
 */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}

/**
 * One way to seal: an iv of its length, then the ciphertext, then a tag of 16 bytes.
 * The form's first byte in a blob is not part of it.
 */
interface Form {
  readonly byte: number
  readonly ivBytes: number
  close(plain: Buffer, iv: Buffer, aad: Buffer): { text: Buffer; tag: Buffer }
  /** @returns undefined when the tag does not fit */
  open(text: Buffer, iv: Buffer, aad: Buffer, tag: Buffer): Buffer | undefined
}

const tagBytes = 16

/**
 * @param dek 32 bytes, one key a subject or person
 * @param profile `gm` writes form 01 (SM4-CTR, then HMAC-SM3), `intl` form 02 (AES-256-GCM)
 */
export function makeSealing(parts: {
  readonly dek: Buffer
  readonly profile: 'gm' | 'intl'
  readonly random: RandomBytes
}): Sealing {
  const { dek, profile, random } = parts
  assert(dek.length === 32, 'a data encryption key has 32 bytes')
  const forms = { gm: makeGmForm(dek), intl: makeIntlForm(dek) }

  return {
    seal(plain, place) {
      const form = forms[profile]
      const iv = random(form.ivBytes)
      const { text, tag } = form.close(plain, iv, boundTo(place))
      return Buffer.concat([Buffer.of(form.byte), iv, text, tag])
    },

    unseal(blob, place) {
      const form = Object.values(forms).find(({ byte }) => byte === blob[0])
      if (form === undefined || blob.length < 1 + form.ivBytes + tagBytes) {
        throw new SealBroken('the sealed value has no known form')
      }
      const iv = blob.subarray(1, 1 + form.ivBytes)
      const text = blob.subarray(1 + form.ivBytes, -tagBytes)
      const plain = form.open(text, iv, boundTo(place), blob.subarray(-tagBytes))
      if (plain === undefined) throw new SealBroken('the sealed value does not open here')
      return plain
    },
  }
}

/**
 * A name for a secret value under which it can be found again, but not read.
 * Whoever holds the key can guess values of few possibilities: it is guarded like the master key.
 * @returns 22 characters of base64url for the value of that field in its normal form (E.164, upper
 * case)
 */
export function makeBlindIndex(key: Buffer): (field: string, value: string) => string {
  return (field, value) =>
    createHmac('sm3', key)
      .update(`qxm-bidx-v1|${field}|${value}`)
      .digest()
      .toString('base64url', 0, 16)
}

/** Form 01, encrypt-then-MAC: node:crypto has no SM4-GCM. */
function makeGmForm(dek: Buffer): Form {
  const encryptionKey = Buffer.from(hkdfSync('sm3', dek, '', 'qxm/enc', 16))
  const macKey = Buffer.from(hkdfSync('sm3', dek, '', 'qxm/mac', 32))

  function tagOf(text: Buffer, iv: Buffer, aad: Buffer): Buffer {
    const aadBytes = Buffer.alloc(8)
    aadBytes.writeBigUInt64BE(BigInt(aad.length))
    const mac = createHmac('sm3', macKey).update(aadBytes).update(aad).update(iv).update(text)
    return mac.digest().subarray(0, tagBytes)
  }

  return {
    byte: 0x01,
    ivBytes: 16,
    close(plain, iv, aad) {
      const text = createCipheriv('sm4-ctr', encryptionKey, iv).update(plain)
      return { text, tag: tagOf(text, iv, aad) }
    },
    open(text, iv, aad, tag) {
      if (!timingSafeEqual(tag, tagOf(text, iv, aad))) return undefined
      return createDecipheriv('sm4-ctr', encryptionKey, iv).update(text)
    },
  }
}

/** Form 02. */
function makeIntlForm(dek: Buffer): Form {
  return {
    byte: 0x02,
    ivBytes: 12,
    close(plain, iv, aad) {
      const cipher = createCipheriv('aes-256-gcm', dek, iv, { authTagLength: tagBytes })
      cipher.setAAD(aad)
      const text = Buffer.concat([cipher.update(plain), cipher.final()])
      return { text, tag: cipher.getAuthTag() }
    },
    open(text, iv, aad, tag) {
      const decipher = createDecipheriv('aes-256-gcm', dek, iv, { authTagLength: tagBytes })
      decipher.setAAD(aad).setAuthTag(tag)
      const plain = decipher.update(text)
      try {
        return Buffer.concat([plain, decipher.final()])
      } catch {
        return undefined
      }
    },
  }
}

/** A handle may hold `|`; field and version cannot, so that two places never give the same text. */
function boundTo({ handle, field, version }: SealedPlace): Buffer {
  assert(!field.includes('|'), 'a field name holds no bar')
  return Buffer.from(`${handle}|${field}|${version}`)
}
