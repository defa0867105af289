import type { KeyObject } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import type { VerifyKey } from './jwk.ts'

export type JwtClaims = Readonly<Record<string, unknown>>

/** What a token says of itself: nothing of it is true before its signature is verified. */
export interface JwtPeek {
  readonly alg: unknown
  readonly typ: unknown
  readonly kid: unknown
  readonly claims: JwtClaims
}

/** A private key in use, and the name under which its public half is found. */
export interface JwtSigner {
  readonly kid: string
  /** Ed25519. */
  readonly key: KeyObject
}

/** Three parts of base64url, of which the first begins an object (RFC 7515 §7.1): whatever else a bearer token is. */
export function looksLikeJwt(text: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text)
}

/** @returns undefined for what is no signed token of JSON claims */
export function peekJwt(token: string): JwtPeek | undefined {
  if (!looksLikeJwt(token)) return undefined
  try {
    const { alg, typ, kid } = decodeProtectedHeader(token)
    return { alg, typ, kid, claims: decodeJwt(token) }
  } catch {
    return undefined
  }
}

/**
 * The claims of a token that this key signed, with the key's one algorithm; undefined for every other. Keys and
 * addresses that the header names are never looked at, and a critical header we do not know refuses it
 * (RFC 7515 §4.1). The times in it are the caller's to judge.
 */
export async function verifyJwt(token: string, key: VerifyKey): Promise<JwtClaims | undefined> {
  try {
    const { payload } = await compactVerify(token, { ...key.jwk }, { algorithms: [key.alg] })
    const claims: unknown = JSON.parse(Buffer.from(payload).toString())
    const isObject = typeof claims === 'object' && claims !== null && !Array.isArray(claims)
    return isObject ? (claims as JwtClaims) : undefined
  } catch {
    return undefined
  }
}

/** @param typ what kind of token it is, so that none is taken for another (RFC 8725 §3.11) */
export function signJwt(claims: JwtClaims, typ: string, { kid, key }: JwtSigner): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA', typ, kid }).sign(key)
}
