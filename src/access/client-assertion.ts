import { peekJwt, verifyJwt } from '../crypto/jwt.ts'
import type { Client } from './parts.ts'

/** What is left of an assertion once it has been judged. */
export interface ReadAssertion {
  readonly jti: string
  /** From then on it would be refused for its age. */
  readonly endsAtMs: number
}

/** How far ahead of now an assertion may end (RFC 7523 §3: short-lived). */
const lifeMsMax = 60_000
/** By how much the client's clock may differ from ours. */
const clockMs = 60_000
/** An assertion has some 400 characters; those of clients that send certificates along stay below. */
const assertionCharactersMax = 4_096
const jtiCharactersMax = 256

/** Other kinds of token are no assertions, whoever signed them (RFC 8725 §3.11). */
const typs: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt']

/** Whose assertion this claims to be: nothing of it is proven. */
export function clientIdIn(assertion: string): string | undefined {
  if (assertion.length > assertionCharactersMax) return undefined
  const { iss, sub } = peekJwt(assertion)?.claims ?? {}
  return typeof iss === 'string' && iss === sub ? iss : undefined
}

/**
 * Judges an assertion by which a client proves itself (RFC 7523 §3), all but whether it was used before.
 * @param audience the token endpoint
 * @returns undefined where no key of the client signed it or a rule is broken
 */
export async function readAssertion(
  assertion: string,
  { id, keys }: Pick<Client, 'id' | 'keys'>,
  audience: string,
  nowMs: number,
): Promise<ReadAssertion | undefined> {
  const peek = assertion.length <= assertionCharactersMax ? peekJwt(assertion) : undefined
  if (peek === undefined || !typs.includes(peek.typ)) return undefined
  // A kid is a name in the client's own list and nothing else: no path, no address (RFC 7515 §4.1.4).
  const candidates = keys.filter(
    ({ kid, alg }) => (peek.kid === undefined || kid === peek.kid) && alg === peek.alg,
  )
  for (const key of candidates) {
    const claims = await verifyJwt(assertion, key)
    if (claims === undefined) continue
    const { iss, sub, aud, exp, nbf, iat, jti } = claims
    if (iss !== id || sub !== id || !isFor(aud, audience)) return undefined
    if (typeof jti !== 'string' || jti === '' || jti.length > jtiCharactersMax) return undefined
    if (typeof exp !== 'number' || !Number.isFinite(exp)) return undefined
    const endsAtMs = exp * 1000 + clockMs
    if (nowMs >= endsAtMs || exp * 1000 > nowMs + lifeMsMax + clockMs) return undefined
    if (![nbf, iat].every(at => isPast(at, nowMs))) return undefined
    return { jti, endsAtMs }
  }
  return undefined
}

/** Nobody else's endpoint stands beside ours: it could use the assertion here. */
function isFor(aud: unknown, audience: string): boolean {
  return aud === audience || (Array.isArray(aud) && aud.length === 1 && aud[0] === audience)
}

function isPast(at: unknown, nowMs: number): boolean {
  return at === undefined || (typeof at === 'number' && at * 1000 <= nowMs + clockMs)
}
