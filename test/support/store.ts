import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import tap, { type Test } from 'tap'
import type { Database } from '../../src/storage/postgres/database.ts'
import { openEmbedded } from '../../src/storage/postgres/embedded.ts'
import { type Migration, migrate, readMigrations } from '../../src/storage/postgres/migrate.ts'
import { openServer } from '../../src/storage/postgres/server.ts'
import { postgres, sharedPostgres } from './postgres-server.ts'
import { testWith } from './throw-away.ts'

type Engine = Database['engine']

/** The same test on both engines, each time with a store of its own. */
export function eachEngine(
  t: Test,
  name: string,
  run: (t: Test, database: Database) => Promise<unknown>,
): void {
  t.test(`${name} (embedded)`, async t => run(t, await aStore(t)))
  testWith(t, [postgres], `${name} (postgres)`, async t =>
    run(t, await aStore(t, { engine: 'postgres' })),
  )
}

/**
 * A database of its own for a test, migrated and empty, closed and removed when the test ends.
 * It refuses what would wait for its own end: a question to the database inside a transaction's work.
 */
export async function aStore(
  t: Test,
  { engine = 'embedded' }: { engine?: Engine } = {},
): Promise<Database> {
  const database = engine === 'embedded' ? await anEmbedded(t) : await aServers(t)
  return refusingNestedUse(database)
}

async function aServers(t: Test): Promise<Database> {
  const database = await openServer({ urls: [await aDatabaseUrl(t)] })
  t.teardown(() => database.close())
  return database
}

/** Embedded databases of this test file that no test uses now. */
const idle: Database[] = []

/** Emptying a database takes a tenth of the time that opening one does, so it is used again. */
async function anEmbedded(t: Test): Promise<Database> {
  const database =
    (await idleAndEmptied()) ?? (await openEmbedded({ folder: await aDataFolder(tap) }))
  let isClosed = false
  t.teardown(() => {
    if (!isClosed) idle.push(database)
  })
  tap.teardown(() => database.close())
  return {
    ...database,
    close() {
      isClosed = true
      return database.close()
    },
  }
}

async function idleAndEmptied(): Promise<Database | undefined> {
  const database = idle.pop()
  if (database === undefined) return undefined
  await database.exec('unlisten *; drop schema public cascade; create schema public')
  await migrate(database, await ownMigrations())
  return database
}

/** A data folder with a migrated, empty embedded database, for a node or process to open. */
export async function aDataFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'qxm-store-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  cpSync(await templateFolder(), folder, { recursive: true })
  return folder
}

/** The URL of a migrated, empty database on the test file's PostgreSQL server. */
export async function aDatabaseUrl(t: Test): Promise<string> {
  const server = await sharedPostgres()
  template ??= makeTemplateDatabase()
  await template
  const name = `store_${++databaseCount}`
  await server.run(`create database ${name} template ${templateName}`)
  t.teardown(() => server.run(`drop database if exists ${name} with (force)`))
  return server.urlOf(name)
}

const templateName = 'store_template'
let template: Promise<void> | undefined
let databaseCount = 0

async function makeTemplateDatabase(): Promise<void> {
  const server = await sharedPostgres()
  await server.run(`create database ${templateName}`)
  const database = await openServer({ urls: [server.urlOf(templateName)] })
  try {
    await migrate(database, await ownMigrations())
  } finally {
    await database.close()
  }
}

export const repositoryFolder = findRepository(fileURLToPath(import.meta.url))

/** From `test/support` as from `dist/test/support`. */
function findRepository(from: string): string {
  const folder = dirname(from)
  return existsSync(join(folder, 'package.json')) ? folder : findRepository(folder)
}

export function ownMigrations(): Promise<Migration[]> {
  return readMigrations(join(repositoryFolder, 'migrations'))
}

/**
 * Making an embedded database takes about 2 s, copying one a tenth of that: so one is made for all test
 * files, in the temporary folder, again whenever a migration or a package changes.
 */
async function templateFolder(): Promise<string> {
  const migrations = await ownMigrations()
  const template = join(tmpdir(), templatePrefix + fingerprint(migrations))
  if (!existsSync(template)) await makeTemplateFolder(template, migrations)
  return template
}

/** Made beside its place and moved there whole, because test files start at the same moment. */
async function makeTemplateFolder(
  template: string,
  migrations: readonly Migration[],
): Promise<void> {
  await removeOldTemplates()
  const folder = await mkdtemp(`${template}-`)
  const database = await openEmbedded({ folder })
  try {
    await migrate(database, migrations)
  } finally {
    await database.close()
  }
  await rename(folder, template).catch(async error => {
    await rm(folder, { recursive: true })
    if (!existsSync(template)) throw error
  })
}

/** Those of migrations that are no more; a younger one may be another checkout's. */
async function removeOldTemplates(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name)
    const isOld = () => Date.now() - statSync(folder).mtimeMs > 24 * 3600_000
    if (name.startsWith(templatePrefix) && isOld())
      await rm(folder, { recursive: true, force: true })
  }
}

const templatePrefix = `qxm-store-template-${process.getuid?.() ?? 0}-`

/** What the template depends on; the prefix names the user, because another's folder is not ours. */
function fingerprint(migrations: readonly Migration[]): string {
  const lockfile = readFileSync(join(repositoryFolder, 'package-lock.json'))
  const files = migrations.map(migration => migration.sha256).join()
  return createHash('sha256').update(lockfile).update(files).digest('hex').slice(0, 16)
}

function refusingNestedUse(database: Database): Database {
  const inside = new AsyncLocalStorage<true>()
  const demandOutside = () =>
    assert(!inside.getStore(), 'inside a transaction, use only the queries that were handed over')
  return {
    engine: database.engine,
    async query(sql, parameters) {
      demandOutside()
      return database.query(sql, parameters)
    },
    async exec(sql) {
      demandOutside()
      return database.exec(sql)
    },
    async copy(sql, chunks) {
      demandOutside()
      return database.copy(sql, chunks)
    },
    async transaction(work, options) {
      demandOutside()
      return database.transaction(queries => inside.run(true, () => work(queries)), options)
    },
    listen: (channel, onNotify) => database.listen(channel, onNotify),
    close: () => database.close(),
  }
}
