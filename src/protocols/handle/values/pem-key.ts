import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { PublicJwk } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'

/** Longest PEM text read: RSA of 16 384 bits is below 3 KB. */
const pemCharsMax = 8192

const pemPattern =
  /^-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END PUBLIC KEY-----\s*$/
const pemLineChars = 76
const coordinateBytes = 32

/**
 * SubjectPublicKeyInfo of an SM2 key up to its uncompressed point (OIDs 1.2.840.10045.2.1,
 * 1.2.156.10197.1.301).
 */
const sm2SpkiStart = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d03420004', 'hex')

/** A SubjectPublicKeyInfo (DER) as a JWK: RSA or SM2. */
export function publicKeyOfSpki(der: Buffer): PublicJwk {
  return sm2OfSpki(der) ?? rsaOfSpki(der)
}

/** The SubjectPublicKeyInfo (DER) of an RSA or SM2 key. */
export function spkiOfPublicKey(key: PublicJwk): Buffer {
  if (key.kty === 'RSA') {
    const { kty, n = '', e = '' } = key as { kty: string; n?: string; e?: string }
    return createPublicKey({ key: { kty, n, e }, format: 'jwk' }).export({
      type: 'spki',
      format: 'der',
    })
  }
  assert(isSm2(key), `no SubjectPublicKeyInfo for ${key.kty}`)
  const { x = '', y = '' } = key as { x?: string; y?: string }
  const point = Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  assert(point.length === 2 * coordinateBytes, 'SM2 point')
  return Buffer.concat([sm2SpkiStart, point])
}

/** PEM as the national SDKs write it: lines of 76 characters, CR LF. */
export function pemOfPublicKey(key: PublicJwk): string {
  const lines = spkiOfPublicKey(key)
    .toString('base64')
    .match(new RegExp(`.{1,${pemLineChars}}`, 'g'))
  return ['-----BEGIN PUBLIC KEY-----', ...(lines ?? []), '-----END PUBLIC KEY-----', ''].join(
    '\r\n',
  )
}

/** @throws MalformedBytes */
export function publicKeyOfPem(pem: string): PublicJwk {
  const base64 = pem.length > pemCharsMax ? undefined : pemPattern.exec(pem)?.[1]
  if (base64 === undefined) throw new MalformedBytes('value', 'not a PEM public key')
  return publicKeyOfSpki(Buffer.from(base64, 'base64'))
}

export function isSm2(key: PublicJwk): boolean {
  return key.kty === 'EC' && key['crv'] === 'SM2'
}

function sm2OfSpki(der: Buffer): PublicJwk | undefined {
  const start = sm2SpkiStart.length
  if (der.length !== start + 2 * coordinateBytes) return undefined
  if (!der.subarray(0, start).equals(sm2SpkiStart)) return undefined
  const x = der.subarray(start, start + coordinateBytes)
  const y = der.subarray(start + coordinateBytes)
  return { kty: 'EC', crv: 'SM2', x: x.toString('base64url'), y: y.toString('base64url') }
}

function rsaOfSpki(der: Buffer): PublicJwk {
  const key = openSpki(der)
  if (key.asymmetricKeyType !== 'rsa') throw new MalformedBytes('value', 'neither RSA nor SM2')
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  return { kty: 'RSA', n, e }
}

function openSpki(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    throw new MalformedBytes('value', 'not a SubjectPublicKeyInfo')
  }
}
