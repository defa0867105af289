import assert from 'node:assert/strict'
import type { PublicJwk } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import {
  isSm2,
  pemOfPublicKey,
  publicKeyOfPem,
  publicKeyOfSpki,
  spkiOfPublicKey,
} from './pem-key.ts'

/** The numbers of each key type in the order of the wire, under their JWK names. */
const numberFields = {
  RSA_PUB_KEY: ['e', 'n'],
  DSA_PUB_KEY: ['q', 'p', 'g', 'y'],
} as const

/** Handle.Net and id-pointer leave an empty field behind RSA keys, and neither reads it. */
const rsaTail = Buffer.alloc(4)

const pemFirstByte = '-'.charCodeAt(0)
const modulusBitsMax = 16_384
const numberBytesMax = modulusBitsMax / 8 + 1

/**
 * The data of an HS_PUBKEY, or the key of a server in a site record: typed binary, or nothing but
 * PEM text as is customary on national nodes.
 * @throws MalformedBytes also for key types that have no JWK (DH, SM9)
 */
export function decodePublicKey(bytes: Buffer): PublicJwk {
  if (bytes[0] === pemFirstByte) return publicKeyOfPem(bytes.toString('latin1'))
  const reader = new ByteReader(bytes)
  const keyType = reader.text()
  reader.uint16() // flags
  switch (keyType) {
    case 'RSA_PUB_KEY': {
      const numbers = decodeNumbers(reader, numberFields.RSA_PUB_KEY)
      if (reader.remaining === rsaTail.length) reader.sized(0)
      reader.end()
      return { kty: 'RSA', ...numbers }
    }
    case 'DSA_PUB_KEY': {
      const numbers = decodeNumbers(reader, numberFields.DSA_PUB_KEY)
      reader.end()
      return { kty: 'DSA', ...numbers }
    }
    case 'SM2_PUB_KEY': {
      const key = reader.sized()
      reader.end()
      return key[0] === pemFirstByte ? publicKeyOfPem(key.toString('latin1')) : publicKeyOfSpki(key)
    }
    default:
      throw new MalformedBytes('value', 'a key type without JWK')
  }
}

/**
 * Typed binary.
 * @param sm2Form id-pointer writes an SM2 key as PEM text and reads it as DER; PEM is what is found
 * in records
 */
export function encodePublicKey(
  writer: ByteWriter,
  key: PublicJwk,
  sm2Form: 'pem' | 'der' = 'pem',
): void {
  if (key.kty === 'RSA') {
    encodeNumbers(writer, 'RSA_PUB_KEY', key)
    writer.bytes(rsaTail)
  } else if (key.kty === 'DSA') {
    encodeNumbers(writer, 'DSA_PUB_KEY', key)
  } else {
    assert(isSm2(key), `no typed binary for ${key.kty}`)
    writer.text('SM2_PUB_KEY')
    writer.uint16(0)
    if (sm2Form === 'pem') writer.text(pemOfPublicKey(key))
    else writer.sized(spkiOfPublicKey(key))
  }
}

function decodeNumbers(reader: ByteReader, fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(fields.map(field => [field, unsigned(reader.sized(numberBytesMax))]))
}

function encodeNumbers(
  writer: ByteWriter,
  keyType: keyof typeof numberFields,
  key: PublicJwk,
): void {
  writer.text(keyType)
  writer.uint16(0)
  for (const field of numberFields[keyType]) {
    const number = key[field]
    assert(number !== undefined, `${keyType} without ${field}`)
    writer.sized(signed(Buffer.from(number, 'base64url')))
  }
}

function unsigned(number: Buffer): string {
  const first = number.findIndex(byte => byte !== 0)
  return number.subarray(first < 0 ? number.length : first).toString('base64url')
}

/** Java's two's complement: a number whose top bit is set gets a zero byte in front. */
function signed(number: Buffer): Buffer {
  const needsZero = number.length === 0 || (number[0] ?? 0) >= 0x80
  return needsZero ? Buffer.concat([Buffer.alloc(1), number]) : number
}
