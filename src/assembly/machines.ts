import { randomUUID } from 'node:crypto'
import { makeAccessTokens } from '../access/access-tokens.ts'
import { makeAuthenticate, type Refusal } from '../access/api-keys.ts'
import { makeTokenDesk } from '../access/token-desk.ts'
import { tokenPath } from '../protocols/http/oauth.ts'
import type { HttpParts } from '../protocols/http/parts.ts'
import { makeStatusTokens } from '../services/status/status-tokens.ts'
import { makeUseOnce } from '../storage/postgres/client-assertions.ts'
import type { Database } from '../storage/postgres/database.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import type { Writing } from './writing.ts'

/** How machines prove who they are, and what the node itself proves by its signature. */
export function makeMachineParts(
  { log, publicUrl }: BuildParts,
  database: Database,
  { live, hashApiKey }: Keys,
  { follower }: Reading,
  { clientCache, keys }: Writing,
): Pick<HttpParts, 'authenticate' | 'tokens' | 'keys' | 'status'> {
  const tokens = makeAccessTokens({
    keys: () => live.token,
    issuer: publicUrl,
    makeId: randomUUID,
  })
  const onRefused = ({ reason, id }: Refusal) =>
    log.info({ reason, client: id }, 'refused a credential')
  return {
    keys,
    authenticate: makeAuthenticate({
      clients: clientCache,
      hash: hashApiKey,
      readToken: tokens.read,
      onRefused,
    }),
    tokens: makeTokenDesk({
      clients: clientCache,
      tokens,
      endpoint: () => publicUrl() + tokenPath,
      useOnce: makeUseOnce(database),
      onRefused,
    }),
    status: makeStatusTokens({
      keys: () => live.status,
      issuer: publicUrl,
      isDemoCode: code => live.codes.isPublished(code.slice(code.indexOf('/') + 1)),
      isCurrent: () => follower.isWhole,
    }),
  }
}
