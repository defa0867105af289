import { createHash } from 'node:crypto'
import type { TokenDeskParts } from '../../access/token-desk.ts'
import type { Queries } from './database.ts'

/** Remembers assertions of clients where every process of the node sees them; `retention.ts` forgets them. */
export function makeUseOnce(database: Queries): TokenDeskParts['useOnce'] {
  return async function useOnce(clientId, jti, endsAt) {
    const digest = createHash('sha256').update(jti).digest()
    const rows = await database.query(
      `insert into used_assertions (client, digest, ends_at) values ($1, $2, $3)
       on conflict do nothing returning client`,
      [clientId, digest, endsAt],
    )
    return rows.length > 0
  }
}
