import { randomUUID } from 'node:crypto'
import { type JwsSigner, signJws } from '../crypto/jws.ts'
import type { GrantToken } from '../registry/imports/grant-token.ts'

export interface GrantFacts
  extends Pick<GrantToken, 'source' | 'target' | 'prefixes' | 'tables' | 'rows'> {
  /** From now on. */
  readonly lifeSeconds: number
}

/** A grant as the top-level node signs it. */
export interface SignedGrant {
  readonly id: string
  readonly jws: string
}

/** The node's clock may be behind ours. */
const backSeconds = 300

export async function makeGrant(
  { lifeSeconds, ...facts }: GrantFacts,
  signer: JwsSigner,
  now: Date,
): Promise<SignedGrant> {
  const id = `SANDBOX-${randomUUID()}`
  const nowSeconds = Math.floor(now.getTime() / 1000)
  const exp = nowSeconds + lifeSeconds
  const nbf = Math.min(nowSeconds, exp) - backSeconds
  const grant: GrantToken = { v: 1, id, ...facts, fields: {}, nbf, exp }
  return { id, jws: await signJws(Buffer.from(JSON.stringify(grant)), signer, 'qxm-grant+jws') }
}
