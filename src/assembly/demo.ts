import { join } from 'node:path'
import { loadDemo } from '../demo/load-demo.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import type { Writing } from './writing.ts'

/** Into an empty store only: what is there is never touched, also where a start was killed halfway through this. */
export async function fillWithDemo(
  { config, log, clock }: BuildParts,
  { directory }: Reading,
  writing: Writing,
): Promise<void> {
  if (!directory.isEmpty) return
  const startedAt = performance.now()
  await loadDemo({
    transactions: writing.transactions,
    identifiers: writing.identifierParts,
    prefixes: writing.prefixParts,
    clients: writing.clients,
    ...writing.filing,
    subjectIdByCode: code => directory.subjectByCode(code)?.id,
    now: () => clock.now(),
    folder: join(config.store.dataDir, 'demo'),
  })
  log.info({ durationMs: Math.round(performance.now() - startedAt) }, 'made the demo data')
}
