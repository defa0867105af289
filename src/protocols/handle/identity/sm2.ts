import { createHash } from 'node:crypto'
import { isSm2Signature } from '../../../crypto/sm2.ts'
import type { PublicJwk } from '../../../model/value.ts'

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
  return hash === 'SM3'
    ? isSm2Signature(key, sm3(challenged), der, { id: user, form: 'der' })
    : isSm2Signature(key, challenged, der, { hash: 'sha256', form: 'der' })
}

function sm3(bytes: Buffer): Buffer {
  return createHash('sm3').update(bytes).digest()
}
