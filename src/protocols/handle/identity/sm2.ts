import { createHash } from 'node:crypto'
import { sm2 } from 'sm-crypto-v2'
import type { PublicJwk } from '../../../model/value.ts'

/** GB/T 32918.5: a, b, Gx and Gy of the curve, which are part of what is signed. */
const curve = Buffer.from(
  'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
  'hex',
)
/** GM/T 0009: the identity of a signer that names none. */
const idDefault = '1234567812345678'
const uncompressed = '04'

/**
 * Whether an SM2 signature of a challenge is right. By its hash: `SM3` as id-pointer signs, the
 * challenge hashed once beforehand and the user's handle as identity; `SHA-256` as Java's
 * `SHA256withSM2` does, with the default identity and SHA-256 wherever SM3 would stand.
 * @param der sequence of r and s
 */
export function verifySm2(
  key: PublicJwk,
  challenged: Buffer,
  der: Buffer,
  { hash, user }: { readonly hash: 'SM3' | 'SHA-256'; readonly user: string },
): boolean {
  const point = Buffer.concat([coordinate(key['x']), coordinate(key['y'])])
  const publicKey = uncompressed + point.toString('hex')
  const digest =
    hash === 'SM3'
      ? signedDigest('sm3', user, point, createHash('sm3').update(challenged).digest())
      : signedDigest('sha256', idDefault, point, challenged)
  try {
    return sm2.doVerifySignature(digest, der.toString('hex'), publicKey, {
      der: true,
      hash: false,
    })
  } catch {
    // A point off the curve, numbers out of range, DER that is none: not a signature of this key.
    return false
  }
}

/** e = H(Z ‖ message) with Z = H(ENTL ‖ ID ‖ curve ‖ key), GB/T 32918.2 §5.5. */
function signedDigest(
  algorithm: 'sm3' | 'sha256',
  id: string,
  point: Buffer,
  message: Buffer,
): Buffer {
  const idBytes = Buffer.from(id)
  const idBits = Buffer.alloc(2)
  idBits.writeUInt16BE(idBytes.length * 8)
  const z = createHash(algorithm)
    .update(idBits)
    .update(idBytes)
    .update(curve)
    .update(point)
    .digest()
  return createHash(algorithm).update(z).update(message).digest()
}

function coordinate(base64url: string | undefined): Buffer {
  return Buffer.from(base64url ?? '', 'base64url')
}
