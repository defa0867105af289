import type { RandomBytes } from '../../crypto/master-key.ts'
import { makeSealing } from '../../crypto/sealing.ts'
import type { DeskParts } from './desk.ts'

const place = { handle: 'idempotency', field: 'outcome.view', version: 1 }

/** What idempotency keys keep of writes, sealed under a key of the node: the rows are swept within days. */
export function makeOutcomes(parts: {
  readonly key: Buffer
  readonly profile: 'gm' | 'intl'
  readonly random: RandomBytes
}): DeskParts['outcomes'] {
  const sealing = makeSealing({ dek: parts.key, profile: parts.profile, random: parts.random })
  return {
    seal: text => sealing.seal(Buffer.from(text), place).toString('base64'),
    open: sealed => sealing.unseal(Buffer.from(sealed, 'base64'), place).toString(),
  }
}
