import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { PublicJwk } from '../model/value.ts'
import { type JwkFault, thumbprintOf } from './jwk.ts'

/**
 * Algorithms of JWS (RFC 7518 §3.1, RFC 8037, RFC 9864); `SM2SM3` is our own name, for GM/T 0009 signatures of 64
 * bytes.
 */
export type SignedBy = 'EdDSA' | 'Ed25519' | 'ES256' | 'RS256' | 'PS256' | 'SM2SM3'

/** Algorithms of HTTP message signatures (RFC 9421 §6.2.2). */
export const httpAlgorithms = [
  'ed25519',
  'ecdsa-p256-sha256',
  'rsa-pss-sha512',
  'rsa-v1_5-sha256',
] as const
export type HttpAlgorithm = (typeof httpAlgorithms)[number]

/** A public key of somebody whose word we take, and what it may sign by. */
export interface TrustedKey {
  readonly kid: string
  readonly algs: readonly SignedBy[]
  readonly httpAlgs: readonly HttpAlgorithm[]
  /** The key and nothing beside it. */
  readonly jwk: PublicJwk
  /** undefined for SM2, which `node:crypto` must not be asked about. */
  readonly key: KeyObject | undefined
}

/** By `kid`: no other name of a key is ever looked up. */
export type TrustedKeys = ReadonlyMap<string, TrustedKey>

/** What is wrong with a key set, and with which of its keys. */
export interface KeySetFault {
  readonly fault: JwkFault | 'json' | 'twice' | 'tooMany' | 'short'
  /** From 0; absent where it is the set itself. */
  readonly position?: number
}

const keysMax = 100
const kidCharactersMax = 128
const rsaBitsMin = 2048
/** Members of private and secret keys (RFC 7518 §6). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

interface Kind {
  readonly kty: string
  /** The members that are the key, beside `kty`. */
  readonly members: readonly string[]
  readonly signs: readonly (readonly [alg: SignedBy, httpAlg?: HttpAlgorithm])[]
}

const kinds: Readonly<Record<string, Kind>> = {
  Ed25519: {
    kty: 'OKP',
    members: ['crv', 'x'],
    // One algorithm by two names.
    signs: [
      ['EdDSA', 'ed25519'],
      ['Ed25519', 'ed25519'],
    ],
  },
  'P-256': { kty: 'EC', members: ['crv', 'x', 'y'], signs: [['ES256', 'ecdsa-p256-sha256']] },
  SM2: { kty: 'EC', members: ['crv', 'x', 'y'], signs: [['SM2SM3']] },
  RSA: {
    kty: 'RSA',
    members: ['n', 'e'],
    signs: [
      ['PS256', 'rsa-pss-sha512'],
      ['RS256', 'rsa-v1_5-sha256'],
    ],
  },
}

/**
 * Reads a JSON Web Key Set (RFC 7517 §5) of public keys: Ed25519, P-256, RSA and SM2. A key signs by its own kind's
 * algorithms only, and by one of them where it says `alg`.
 */
export function readKeySet(text: string): TrustedKeys | KeySetFault {
  const list = keysIn(text)
  if (list === undefined) return { fault: 'json' }
  if (list.length > keysMax) return { fault: 'tooMany' }
  const keys = new Map<string, TrustedKey>()
  for (const [position, input] of list.entries()) {
    const key = readTrustedKey(input)
    if (typeof key === 'string') return { fault: key, position }
    if (keys.has(key.kid)) return { fault: 'twice', position }
    keys.set(key.kid, key)
  }
  return keys
}

/** Without a `kid` a key is named by its thumbprint. */
function readTrustedKey(input: unknown): TrustedKey | KeySetFault['fault'] {
  if (typeof input !== 'object' || input === null) return 'kind'
  const said = input as Readonly<Record<string, unknown>>
  if (secretMembers.some(member => Object.hasOwn(said, member))) return 'private'
  const { kty, crv, alg, use, kid } = said
  const name = String(kty === 'RSA' ? kty : crv)
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined || kind.kty !== kty) return 'kind'
  if (use !== undefined && use !== 'sig') return 'use'
  const signs = kind.signs.filter(([each]) => alg === undefined || alg === each)
  if (signs.length === 0) return 'alg'
  if (!kind.members.every(member => typeof said[member] === 'string')) return 'point'
  const members = kind.members.map(member => [member, String(said[member])])
  const jwk = { kty: kind.kty, ...Object.fromEntries(members) } as PublicJwk
  const isNamed = kid !== undefined
  if (isNamed && (typeof kid !== 'string' || kid === '' || kid.length > kidCharactersMax)) {
    return 'kid'
  }
  const key = name === 'SM2' ? undefined : openKey(jwk)
  if (key === 'point') return 'point'
  if ((key?.asymmetricKeyDetails?.modulusLength ?? rsaBitsMin) < rsaBitsMin) return 'short'
  return {
    kid: isNamed ? String(kid) : thumbprintOf(jwk),
    algs: signs.map(([each]) => each),
    httpAlgs: [...new Set(signs.flatMap(([, each]) => each ?? []))],
    jwk,
    key,
  }
}

/** Whether these bytes were signed with the key, by an algorithm of HTTP message signatures (RFC 9421 §3.3). */
export function isHttpSignature(
  { key, httpAlgs }: Pick<TrustedKey, 'key' | 'httpAlgs'>,
  alg: HttpAlgorithm,
  bytes: Buffer,
  signature: Buffer,
): boolean {
  if (key === undefined || !httpAlgs.includes(alg)) return false
  const { hash, options } = httpSuites[alg]
  try {
    // Signers of others take the longest salt there is room for; which one it was changes nothing for who verifies.
    const saltLength = constants.RSA_PSS_SALTLEN_AUTO
    return verify(hash, bytes, { key, ...options, saltLength }, signature)
  } catch {
    return false
  }
}

/** What `node:crypto` is told for each algorithm. */
export const httpSuites: Readonly<
  Record<HttpAlgorithm, { readonly hash: string | null; readonly options: object }>
> = {
  ed25519: { hash: null, options: {} },
  'ecdsa-p256-sha256': { hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  'rsa-pss-sha512': {
    hash: 'sha512',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 },
  },
  'rsa-v1_5-sha256': { hash: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } },
}

function keysIn(text: string): readonly unknown[] | undefined {
  try {
    const { keys } = JSON.parse(text)
    return Array.isArray(keys) ? keys : undefined
  } catch {
    return undefined
  }
}

function openKey(jwk: PublicJwk): KeyObject | 'point' {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return 'point'
  }
}
