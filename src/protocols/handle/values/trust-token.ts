import type { PublicJwk, Reference } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { publicKeyOfSpki } from './pem-key.ts'

/** The JWS in an HS_SIGNATURE or HS_CERT value, read and not verified. */
export interface TrustToken {
  /** `RS256`, `SM2256` (id-pointer), `SM2SM3` (ID-SDK), … as written. */
  readonly alg: string
  /** The ASCII bytes the signature covers. */
  readonly signed: Buffer
  readonly signature: Buffer
  /** The value that holds the signer's key. */
  readonly issuer: Reference
  /** A handle in HS_SIGNATURE, `index:handle` in HS_CERT. */
  readonly subject: string
  /** Epoch seconds, these three. */
  readonly issuedAt?: number
  readonly notBefore?: number
  readonly expires?: number
  /** Where the certificates on the way to the root are; empty when not said. */
  readonly chain: readonly Reference[]
  /**
   * HS_SIGNATURE: of `digestedValueBytes`, in base64, by an algorithm such as `SHA-256` or `SM3`.
   */
  readonly digests?: {
    readonly alg: string
    readonly digests: readonly { readonly index: number; readonly digest: string }[]
  }
  /** HS_CERT: the certified key. */
  readonly publicKey?: PublicJwk
  /**
   * HS_CERT: what the key may sign: `everything`, `thisHandle`, `derivedPrefixes`,
   * `handlesUnderThisPrefix`.
   */
  readonly perms?: readonly { readonly handle?: string; readonly perm: string }[]
}

/** Longest token read; the longest seen has 2.3 KB. */
const tokenCharsMax = 65_536
/** Longest chain followed, as in Handle.Net. */
const chainCountMax = 50

/**
 * Reads the compact form, or the JSON form with its first signature.
 * @throws MalformedBytes
 */
export function parseTrustToken(text: string): TrustToken {
  if (text.length > tokenCharsMax) throw new MalformedBytes('limit', 'trust token')
  const { header, payload, signature } = text.startsWith('{') ? jsonParts(text) : compactParts(text)
  const claims = objectOf(parseJson(base64url(payload)))
  return {
    alg: textOf(objectOf(parseJson(base64url(header)))['alg']),
    signed: Buffer.from(`${header}.${payload}`, 'latin1'),
    signature: base64url(signature),
    issuer: parseReference(claims['iss']),
    subject: textOf(claims['sub']),
    ...optional('issuedAt', claims['iat'], numberOf),
    ...optional('notBefore', claims['nbf'], numberOf),
    ...optional('expires', claims['exp'], numberOf),
    chain: claims['chain'] === undefined ? [] : parseChain(claims['chain']),
    ...optional('digests', claims['digests'], parseDigests),
    ...optional('publicKey', claims['publicKey'], parsePublicKey),
    ...optional('perms', claims['perms'], parsePerms),
  }
}

interface Parts {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

function compactParts(text: string): Parts {
  const [header, payload, signature, ...more] = text.split('.')
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    return malformed('a compact JWS has three parts')
  }
  return { header, payload, signature }
}

function jsonParts(text: string): Parts {
  const jws = objectOf(parseJson(Buffer.from(text)))
  const first = objectOf(listOf(jws['signatures'])[0])
  return {
    header: textOf(first['protected']),
    payload: textOf(jws['payload']),
    signature: textOf(first['signature']),
  }
}

function parseChain(claim: unknown): readonly Reference[] {
  const chain = listOf(claim)
  if (chain.length > chainCountMax) throw new MalformedBytes('limit', 'chain')
  return chain.map(parseReference)
}

function parseDigests(claim: unknown): NonNullable<TrustToken['digests']> {
  const { alg, digests } = objectOf(claim)
  return {
    alg: textOf(alg),
    digests: listOf(digests).map(item => {
      const { index, digest } = objectOf(item)
      return { index: numberOf(index), digest: textOf(digest) }
    }),
  }
}

function parsePublicKey(claim: unknown): PublicJwk {
  const key = objectOf(claim)
  switch (key['kty']) {
    case 'RSA':
      return { kty: 'RSA', n: textOf(key['n']), e: textOf(key['e']) }
    case 'DSA':
      return pickDsa(key)
    case 'SM2': // id-pointer: the member of a private key's name holds the public key
      return publicKeyOfSpki(base64url(textOf(key['d'])))
    default:
      return malformed('certified key')
  }
}

function pickDsa({ y, p, q, g }: Record<string, unknown>): PublicJwk {
  return { kty: 'DSA', y: textOf(y), p: textOf(p), q: textOf(q), g: textOf(g) }
}

function parsePerms(claim: unknown): NonNullable<TrustToken['perms']> {
  return listOf(claim).map(item => {
    const { handle, perm } = objectOf(item)
    return { ...optional('handle', handle, textOf), perm: textOf(perm) }
  })
}

function parseReference(claim: unknown): Reference {
  const match = /^(\d{1,10}):(.+)$/su.exec(textOf(claim))
  return match === null
    ? malformed('index:handle')
    : { index: Number(match[1]), handle: match[2] as string }
}

function base64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : malformed('base64url')
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return malformed('JSON')
  }
}

function optional<K extends string, T>(
  name: K,
  claim: unknown,
  read: (claim: unknown) => T,
): { readonly [key in K]?: T } {
  return claim === undefined ? {} : ({ [name]: read(claim) } as { [key in K]: T })
}

function objectOf(json: unknown): Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : malformed('an object')
}

function listOf(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : malformed('a list')
}

function textOf(json: unknown): string {
  return typeof json === 'string' ? json : malformed('a text')
}

function numberOf(json: unknown): number {
  return typeof json === 'number' ? json : malformed('a number')
}

function malformed(expected: string): never {
  throw new MalformedBytes('value', `trust token: expected ${expected}`)
}
