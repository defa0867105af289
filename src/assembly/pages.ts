import { Failure } from '../model/failures.ts'
import type { Subject } from '../model/subject.ts'
import type { HttpParts } from '../protocols/http/parts.ts'
import { makeLabels } from '../services/labels/labels.ts'
import type { Database } from '../storage/postgres/database.ts'
import { findSubject } from '../storage/postgres/enterprises.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'

/** What labels and the pages they open need beside the answers. */
export function makePageParts(
  { config, publicUrl }: BuildParts,
  database: Database,
  keys: Keys,
): Pick<HttpParts, 'codePrefix' | 'labels' | 'isDemoCode' | 'whyNotInForce'> {
  const { prefix: codePrefix } = config.code
  return {
    codePrefix,
    labels: makeLabels({ publicUrl }),
    isDemoCode: code => keys.live.codes.isPublished(code.slice(code.indexOf('/') + 1)),
    whyNotInForce: async subject =>
      subject.status === 'active' ? undefined : reasonOf(database, subject),
  }
}

/** The reason is not in memory; while the store is away, the state alone is told. */
async function reasonOf(database: Database, { id }: Subject): Promise<string | undefined> {
  try {
    return (await findSubject(database, id))?.statusReason ?? undefined
  } catch (error) {
    if (error instanceof Failure && error.code === 'STORE_AWAY') return undefined
    throw error
  }
}
