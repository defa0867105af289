import type { KeyObject } from 'node:crypto'
import { CompactSign, compactVerify, decodeProtectedHeader } from 'jose'
import { isSm2Signature } from './sm2.ts'
import type { SignedBy, TrustedKey, TrustedKeys } from './trusted-key.ts'

/** A document and whose it is. */
export interface VerifiedJws {
  readonly kid: string
  readonly alg: SignedBy
  readonly payload: Buffer
}

/**
 * Why a JWS is not believed: it is none; its header brings a key, or something critical; no key of that name; an
 * algorithm that is not the key's; or the key did not sign it.
 */
export type JwsFault = 'form' | 'header' | 'kid' | 'alg' | 'signature'

/** Members by which a header brings or points at a key (RFC 7515 §4.1.2 ff.), and those that change what is signed. */
const refusedMembers = ['jwk', 'jku', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'crit', 'b64']

/**
 * Verifies a compact JWS (RFC 7515 §5.2) by a key of the table: the one that its `kid` names, and by that key's own
 * algorithms. What the header says else decides nothing.
 */
export async function verifyJws(token: string, keys: TrustedKeys): Promise<VerifiedJws | JwsFault> {
  const header = headerOf(token)
  if (header === undefined) return 'form'
  if (refusedMembers.some(member => Object.hasOwn(header, member))) return 'header'
  const key = typeof header['kid'] === 'string' ? keys.get(header['kid']) : undefined
  if (key === undefined) return 'kid'
  const alg = key.algs.find(each => each === header['alg'])
  if (alg === undefined) return 'alg'
  const payload = alg === 'SM2SM3' ? sm2Payload(token, key) : await josePayload(token, alg, key.jwk)
  return payload === undefined ? 'signature' : { kid: key.kid, alg, payload }
}

export interface JwsSigner {
  readonly kid: string
  readonly alg: Exclude<SignedBy, 'SM2SM3'>
  /** Private, of the algorithm's kind. */
  readonly key: KeyObject
}

/** @param typ what kind of document it is, for who reads it */
export function signJws(
  payload: Uint8Array,
  { kid, alg, key }: JwsSigner,
  typ: string,
): Promise<string> {
  return new CompactSign(payload).setProtectedHeader({ alg, kid, typ }).sign(key)
}

/** undefined for what has not three parts of base64url without padding, the first of them an object. */
function headerOf(token: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^[\w-]+\.[\w-]*\.[\w-]+$/.test(token)) return undefined
  try {
    return { ...decodeProtectedHeader(token) }
  } catch {
    return undefined
  }
}

async function josePayload(
  token: string,
  alg: string,
  jwk: TrustedKey['jwk'],
): Promise<Buffer | undefined> {
  try {
    const { payload } = await compactVerify(token, { ...jwk }, { algorithms: [alg] })
    return Buffer.from(payload)
  } catch {
    return undefined
  }
}

function sm2Payload(token: string, { jwk }: TrustedKey): Buffer | undefined {
  const cut = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(cut + 1), 'base64url')
  if (!isSm2Signature(jwk, Buffer.from(token.slice(0, cut)), signature)) return undefined
  return Buffer.from(token.slice(token.indexOf('.') + 1, cut), 'base64url')
}
