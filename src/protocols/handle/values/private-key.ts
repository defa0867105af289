import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import type { ByteWriter } from '../../bytes/writer.ts'
import { spkiOfPublicKey } from './pem-key.ts'

/** The numbers of an RSA private key in the order of the wire, under their JWK names. */
const rsaFields = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** Handle.Net's file wrapper: what follows is not enciphered. */
const plainFile = 1

/** PKCS#8 of an SM2 key up to its number, and between that and its public point. */
const sm2Pkcs8Start = Buffer.from(
  '308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420',
  'hex',
)
const sm2Pkcs8Middle = Buffer.from('a14403420004', 'hex')
const sm2NumberBytes = 32
const sm2PointBytes = 64
/** RSA of 16 384 bits has 12 KB. */
const pemCharsMax = 16_384
const pemPattern =
  /^-----BEGIN PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END PRIVATE KEY-----\s*$/
const pemLineChars = 64

/**
 * A file as Handle.Net's `admpriv.bin`, which ID-SDK reads too.
 * @param pkcs8 an RSA private key, DER
 */
export function encodePrivateKeyFile(writer: ByteWriter, pkcs8: Buffer): void {
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const numbers = key.export({ format: 'jwk' })
  writer.uint32(plainFile)
  writer.text('RSA_PRIVCRT_KEY')
  for (const field of rsaFields) {
    const number = numbers[field]
    assert(number !== undefined, `an RSA key without ${field}`)
    writer.sized(Buffer.from(number, 'base64url'))
  }
}

/** PKCS#8 (DER) of an SM2 key. @param number 32 bytes */
export function pkcs8OfSm2(
  number: Buffer,
  publicKey: Parameters<typeof spkiOfPublicKey>[0],
): Buffer {
  const point = spkiOfPublicKey(publicKey).subarray(-sm2PointBytes)
  return Buffer.concat([sm2Pkcs8Start, number, sm2Pkcs8Middle, point])
}

/** The number of an SM2 key of {@link pkcs8OfSm2}, 32 bytes; undefined for what is no such key. */
export function sm2NumberOf(pkcs8: Buffer): Buffer | undefined {
  const numberAt = sm2Pkcs8Start.length
  const middleAt = numberAt + sm2NumberBytes
  const pointAt = middleAt + sm2Pkcs8Middle.length
  const isSm2 =
    pkcs8.length === pointAt + sm2PointBytes &&
    pkcs8.subarray(0, numberAt).equals(sm2Pkcs8Start) &&
    pkcs8.subarray(middleAt, pointAt).equals(sm2Pkcs8Middle)
  return isSm2 ? pkcs8.subarray(numberAt, middleAt) : undefined
}

/** The PKCS#8 (DER) of a PEM private key that is not enciphered; undefined for anything else. */
export function pkcs8OfPem(pem: string): Buffer | undefined {
  const base64 = pem.length > pemCharsMax ? undefined : pemPattern.exec(pem)?.[1]
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
}

/** PEM of a private key, as OpenSSL and ID-SDK read it. */
export function pemOfPrivateKey(pkcs8: Buffer): string {
  const lines = pkcs8.toString('base64').match(new RegExp(`.{1,${pemLineChars}}`, 'g')) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}
