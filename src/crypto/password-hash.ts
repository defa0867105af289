import { hash, verify } from '@node-rs/argon2'

/** Argon2id (RFC 9106) with the parameters of OWASP's password storage sheet: 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Of random bytes that were thrown away: the hash of a password nobody has, made with the same parameters. */
const nobodys =
  '$argon2id$v=19$m=19456,t=2,p=1$0EjZ27uq2Wi8c4ez2GyfBg$xvuxrwFovdYuA2Krz+OxH2hCwphmV3Yriz5a7PYwcFA'

/** @returns the PHC text that is stored instead of the password; some 40 ms of another thread */
export function hashPassword(password: string): Promise<string> {
  return hash(normal(password), parameters)
}

/**
 * @param stored as `hashPassword` made it; undefined where there is none, which takes the same work and is never right
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const isRight = await verify(stored ?? nobodys, normal(password))
  return isRight && stored !== undefined
}

/** Keyboards compose characters differently (RFC 8265 §4.2.2). */
function normal(password: string): string {
  return password.normalize('NFC')
}
