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
const sm2PointBytes = 64
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

/** PEM of a private key, as OpenSSL and ID-SDK read it. */
export function pemOfPrivateKey(pkcs8: Buffer): string {
  const lines = pkcs8.toString('base64').match(new RegExp(`.{1,${pemLineChars}}`, 'g')) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}
