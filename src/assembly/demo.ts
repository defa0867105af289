import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { loadDemo } from '../demo/load-demo.ts'
import { makeUsccSealer } from '../registry/credit-codes.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import type { Writing } from './writing.ts'

/** Into an empty store only: what is there is never touched. */
export async function fillWithDemo(
  { config, log }: BuildParts,
  keys: Keys,
  { directory }: Reading,
  writing: Writing,
): Promise<void> {
  if (directory.all().length > 0) return
  const startedAt = performance.now()
  await loadDemo({
    transactions: writing.transactions,
    identifiers: writing.identifierParts,
    prefixes: writing.prefixParts,
    clients: writing.clients,
    codes: {
      prefix: config.code.prefix,
      keyVersion: keys.codeKeyVersion,
      encode: seq => keys.codes.encode(seq, keys.codeKeyVersion),
    },
    sealerFor: makeUsccSealer({ keyStore: keys.store, random: randomBytes, profile: 'gm' }),
    folder: join(config.store.dataDir, 'demo'),
  })
  log.info({ durationMs: Math.round(performance.now() - startedAt) }, 'made the demo data')
}
