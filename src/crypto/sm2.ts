import { createHash } from 'node:crypto'
import { sm2 } from 'sm-crypto-v2'
import type { PublicJwk } from '../model/value.ts'

/**
 * How an SM2 signature is made (GB/T 32918.2). What is said nowhere is the rule of GM/T 0009: SM3, the default
 * identity, 64 bytes.
 */
export interface Sm2Rules {
  /** The signer's identity, part of what is signed. */
  readonly id?: string
  /** `sha256` stands wherever SM3 would: Java's `SHA256withSM2`. */
  readonly hash?: 'sm3' | 'sha256'
  /** `raw` is r ‖ s, `der` the sequence of both. */
  readonly form?: 'raw' | 'der'
}

/** GM/T 0009: the identity of a signer that names none. */
const idDefault = '1234567812345678'

/** GB/T 32918.5: a, b, Gx and Gy of the curve, which are part of what is signed. */
const curve = Buffer.from(
  'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
  'hex',
)
const uncompressed = '04'
const numberBytes = 32

/**
 * Whether a message was signed with this key. `node:crypto` must not be asked: it signs with an empty identity, and
 * with keys of its own making something that is not SM2 at all.
 * @param key as `{kty:"EC",crv:"SM2",x,y}`
 */
export function isSm2Signature(
  key: PublicJwk,
  message: Buffer,
  signature: Buffer,
  rules: Sm2Rules = {},
): boolean {
  const { form = 'raw' } = rules
  if (form === 'raw' && signature.length !== 2 * numberBytes) return false
  const point = pointOf(key)
  try {
    return sm2.doVerifySignature(
      digestToSign(point, message, rules),
      signature.toString('hex'),
      uncompressed + point.toString('hex'),
      { der: form === 'der', hash: false },
    )
  } catch {
    // A point off the curve, numbers out of range, DER that is none: not a signature of this key.
    return false
  }
}

/** @param privateKey its number, 32 bytes */
export function signSm2(privateKey: Buffer, message: Buffer, rules: Sm2Rules = {}): Buffer {
  const digest = digestToSign(pointOf(publicKeyOfSm2(privateKey)), message, rules)
  const options = { der: rules.form === 'der', hash: false }
  return Buffer.from(sm2.doSignature(digest, privateKey.toString('hex'), options), 'hex')
}

/** A new private key: its number, 32 bytes. */
export function makeSm2Key(): Buffer {
  return Buffer.from(sm2.generateKeyPairHex().privateKey.padStart(2 * numberBytes, '0'), 'hex')
}

export function publicKeyOfSm2(privateKey: Buffer): PublicJwk {
  const point = Buffer.from(sm2.getPublicKeyFromPrivateKey(privateKey.toString('hex')), 'hex')
  const [x, y] = [point.subarray(1, 1 + numberBytes), point.subarray(1 + numberBytes)]
  return { kty: 'EC', crv: 'SM2', x: x.toString('base64url'), y: y.toString('base64url') }
}

/** e = H(Z ‖ message) with Z = H(ENTL ‖ ID ‖ curve ‖ key), GB/T 32918.2 §5.5. */
function digestToSign(
  point: Buffer,
  message: Buffer,
  { id = idDefault, hash = 'sm3' }: Sm2Rules,
): Buffer {
  const idBytes = Buffer.from(id)
  const idBits = Buffer.alloc(2)
  idBits.writeUInt16BE(idBytes.length * 8)
  const z = createHash(hash).update(idBits).update(idBytes).update(curve).update(point).digest()
  return createHash(hash).update(z).update(message).digest()
}

function pointOf(key: PublicJwk): Buffer {
  return Buffer.concat([key['x'], key['y']].map(number => Buffer.from(number ?? '', 'base64url')))
}
