import { isPublishedKey } from '../crypto/key-store.ts'
import { codeSymbolValue } from '../model/code.ts'
import { Failure } from '../model/failures.ts'
import type { Subject } from '../model/subject.ts'
import type { HttpParts } from '../protocols/http/parts.ts'
import { makeCodeLabels } from '../services/labels/code-labels.ts'
import type { Database } from '../storage/postgres/database.ts'
import { findSubject } from '../storage/postgres/enterprises.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'

/** What labels and the pages they open need beside the answers. */
export async function makePageParts(
  { config, publicUrl }: BuildParts,
  database: Database,
  keys: Keys,
): Promise<Pick<HttpParts, 'codePrefix' | 'codeLabels' | 'isDemoCode' | 'whyNotInForce'>> {
  const { prefix: codePrefix } = config.code
  const codeKeys = await keys.store.list('code', codePrefix)
  const published = codeKeys.filter(({ algorithm, kcv }) => isPublishedKey(algorithm, kcv))
  const demoVersions = new Set(published.map(({ version }) => version))
  return {
    codePrefix,
    codeLabels: makeCodeLabels({ publicUrl }),
    isDemoCode: code => demoVersions.has(codeSymbolValue(code[code.indexOf('/') + 1] ?? '')),
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
