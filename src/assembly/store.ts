import { join } from 'node:path'
import type { Database } from '../storage/postgres/database.ts'
import { migrate, readMigrations } from '../storage/postgres/migrate.ts'
import { openDatabase } from '../storage/postgres/open.ts'
import type { BuildParts } from './parts.ts'

/** The database, migrated. The embedded one takes the data folder for itself before it opens. */
export async function openStore({ config, log, closers, packageFolder }: BuildParts): Promise<Database> {
  const database = await openDatabase({
    urls: config.database.url,
    folder: config.store.dataDir,
    log,
  })
  closers.add('database', () => database.close())
  const migrated = await migrate(
    database,
    await readMigrations(join(packageFolder, 'migrations')),
  )
  if (migrated.length > 0) log.info({ migrations: migrated.map(({ name }) => name) }, 'migrated')
  return database
}
