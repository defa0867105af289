import { join } from 'node:path'
import { demoRecords } from '../demo/demo-data.ts'
import { loadDemo } from '../demo/load-demo.ts'
import { foldAscii } from '../model/identifier.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import type { Writing } from './writing.ts'

/** Into an empty store only: what is there is never touched, also where a start was killed halfway through this. */
export async function fillWithDemo(
  { config, log, clock }: BuildParts,
  { directory, records }: Reading,
  writing: Writing,
): Promise<void> {
  if (!directory.isEmpty) {
    if (await isWhole(records)) return
    log.warn(
      'the demo data are not whole, an earlier start was ended while it made them: delete the data folder to have them made again',
    )
    return
  }
  const startedAt = performance.now()
  await loadDemo({
    transactions: writing.transactions,
    identifiers: writing.identifierRules,
    prefixes: writing.prefixParts,
    clients: writing.clients,
    ...writing.filing,
    subjectIdByCode: code => directory.subjectByCode(code)?.id,
    now: () => clock.now(),
    folder: join(config.store.dataDir, 'demo'),
  })
  log.info({ durationMs: Math.round(performance.now() - startedAt) }, 'made the demo data')
}

/** The records come last, all in one transaction. */
async function isWhole(records: Reading['records']): Promise<boolean> {
  const last = demoRecords().at(-1)?.identifier ?? ''
  return (await records.read(foldAscii(last))) !== undefined
}
