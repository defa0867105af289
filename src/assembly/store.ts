import { join } from 'node:path'
import type { Database } from '../storage/postgres/database.ts'
import { migrate, readMigrations } from '../storage/postgres/migrate.ts'
import { openDatabase } from '../storage/postgres/open.ts'
import type { BuildParts } from './parts.ts'

/** The embedded engine has nobody who tidies up behind updates; an hour's rows are tidied in well under a second. */
const tidyEveryMs = 3_600_000

/** The store may have megabytes to flush. */
const closeTimeoutMs = 10_000

/** The database, migrated. The embedded one takes the data folder for itself before it opens. */
export async function openStore(parts: BuildParts): Promise<Database> {
  const { config, log, clock, closers, packageFolder } = parts
  const database = await openDatabase({
    urls: config.database.url,
    folder: config.store.dataDir,
    log,
    poolSize: config.database.poolMax,
    statementTimeoutMs: config.database.statementTimeoutMs,
  })
  closers.add('database', () => database.close(), closeTimeoutMs)
  if (database.engine === 'postgres') await refuseUnsafeServer(parts, database)
  else {
    log.info('embedded database: what is written survives a killed process, but not a power cut')
    const tick = clock.every(tidyEveryMs, () => void tidy(parts, database))
    closers.add('database tidying', () => tick.cancel())
  }
  const migrated = await migrate(database, await readMigrations(join(packageFolder, 'migrations')))
  if (migrated.length > 0) log.info({ migrations: migrated.map(({ name }) => name) }, 'migrated')
  return database
}

/** A server that does not wait for its disk loses acknowledged writes with the power. */
async function refuseUnsafeServer({ config }: BuildParts, database: Database): Promise<void> {
  if (config.node.mode !== 'production') return
  const [row] = await database.query<{ fsync: string }>('show fsync')
  if (row?.fsync === 'on') return
  throw new Error(
    'the database server runs with fsync=off and would lose acknowledged writes: set fsync=on in its configuration',
  )
}

async function tidy({ log }: BuildParts, database: Database): Promise<void> {
  try {
    await database.query('vacuum analyze')
  } catch (error) {
    log.warn({ err: error }, 'could not tidy the embedded database')
  }
}
