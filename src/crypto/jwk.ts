import { createHash, createPublicKey } from 'node:crypto'
import type { PublicJwk } from '../model/value.ts'

/** The algorithms of JWS that we verify, each for one kind of key (RFC 8037, RFC 7518 §3.4). */
export type JwsAlgorithm = 'EdDSA' | 'ES256'

/** A public key that signatures are verified with, for one algorithm and no other. */
export interface VerifyKey {
  /** How a signature names it. */
  readonly kid: string
  readonly alg: JwsAlgorithm
  /** What the key is and nothing beside: `{kty,crv,x}` or `{kty,crv,x,y}`. */
  readonly jwk: PublicJwk
}

/** Why a JSON Web Key is not taken. */
export type JwkFault = 'private' | 'kind' | 'alg' | 'use' | 'kid' | 'point'

const kidCharactersMax = 128

/** Members of private and secret keys (RFC 7518 §6): a key that has one is a secret that travelled. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Members that are numbers of the point. */
const curves = {
  Ed25519: { kty: 'OKP', alg: 'EdDSA', algs: ['EdDSA', 'Ed25519'], numbers: ['x'] },
  'P-256': { kty: 'EC', alg: 'ES256', algs: ['ES256'], numbers: ['x', 'y'] },
} as const

/**
 * Reads a public key as RFC 7517 writes it: Ed25519 or P-256, for signatures. Members it does not know are dropped;
 * without a `kid` the key is named by its thumbprint.
 */
export function readVerifyKey(input: Readonly<Record<string, unknown>>): VerifyKey | JwkFault {
  if (secretMembers.some(member => Object.hasOwn(input, member))) return 'private'
  const { kty, crv, alg, use, kid } = input
  if (crv !== 'Ed25519' && crv !== 'P-256') return 'kind'
  const curve = curves[crv]
  if (kty !== curve.kty) return 'kind'
  if (alg !== undefined && !(curve.algs as readonly unknown[]).includes(alg)) return 'alg'
  if (use !== undefined && use !== 'sig') return 'use'
  const isNamed = kid !== undefined
  if (isNamed && (typeof kid !== 'string' || kid === '' || kid.length > kidCharactersMax)) {
    return 'kid'
  }
  const numbers = curve.numbers.map(name => [name, input[name]] as const)
  if (numbers.some(([, text]) => typeof text !== 'string' || !isNumber(text))) return 'point'
  const jwk: PublicJwk = { kty: curve.kty, crv, ...Object.fromEntries(numbers) }
  if (!isOnCurve(jwk)) return 'point'
  return { kid: isNamed ? String(kid) : thumbprintOf(jwk), alg: curve.alg, jwk }
}

/** The thumbprint of a public key that has no members but those of its kind (RFC 7638 §3). */
export function thumbprintOf(jwk: PublicJwk): string {
  const members = Object.entries(jwk).sort(([one], [other]) => (one < other ? -1 : 1))
  const text = JSON.stringify(Object.fromEntries(members))
  return createHash('sha256').update(text).digest('base64url')
}

/** 32 bytes in the one form that base64url has for them. */
function isNumber(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text && text.length === 43
}

function isOnCurve(jwk: PublicJwk): boolean {
  try {
    createPublicKey({ key: jwk, format: 'jwk' })
    return true
  } catch {
    return false
  }
}
