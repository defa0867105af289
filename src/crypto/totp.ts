import { Secret, TOTP } from 'otpauth'
import type { RandomBytes } from './master-key.ts'

/** What authenticator apps take without being asked: HMAC-SHA-1, 6 digits, 30 s (RFC 6238 §4). */
const form = { algorithm: 'SHA1', digits: 6, period: 30 } as const
/** RFC 4226 §4 R6 recommends 160 bits. */
const secretBytes = 20
/** Steps before and after the present one: clocks may differ by 60 s. */
const stepsApart = 2

export function makeTotpSecret(random: RandomBytes): Buffer {
  return random(secretBytes)
}

/** How a secret gets into an authenticator app: its base32 text to type in, and the URI of its QR symbol. */
export function describeTotp(
  secret: Buffer,
  { issuer, username }: { readonly issuer: string; readonly username: string },
): { readonly secret: string; readonly uri: string } {
  const totp = new TOTP({ ...form, issuer, label: username, secret: secretOf(secret) })
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/**
 * The step of time that a code belongs to, so that it can be taken once.
 * @returns undefined for a code that is none of the present ones
 */
export function totpStepOf(secret: Buffer, code: string, nowMs: number): number | undefined {
  const totp = new TOTP({ ...form, secret: secretOf(secret) })
  const delta = totp.validate({ token: code, timestamp: nowMs, window: stepsApart })
  return delta === null ? undefined : Math.floor(nowMs / 1000 / form.period) + delta
}

function secretOf(secret: Buffer): Secret {
  return Secret.fromHex(secret.toString('hex'))
}
