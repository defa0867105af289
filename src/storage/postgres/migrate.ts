import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database, Queries } from './database.ts'

/** One file `NNNN-name.sql` of the folder `migrations`. */
export interface Migration {
  readonly number: number
  /** The file's name without its ending, `0001-records`. */
  readonly name: string
  readonly sql: string
  /** Of the file's bytes, in hex. */
  readonly sha256: string
}

/** Any number nobody else takes in the same database: the bytes of "qxm". */
const advisoryLock = 0x71786d

/** Building an index over millions of rows takes minutes, and so does waiting for another starter that does. */
const migrationMsMax = 30 * 60_000

/**
 * Reads the migrations of a folder, in order.
 * @throws Error naming the file that is out of order or out of shape
 */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter(file => file.endsWith('.sql')).sort()
  return Promise.all(files.map((file, index) => readMigration(folder, file, index + 1)))
}

async function readMigration(folder: string, file: string, expected: number): Promise<Migration> {
  const name = file.slice(0, -'.sql'.length)
  const number = Number(/^(\d{4})-[a-z0-9-]+$/.exec(name)?.[1])
  if (number !== expected) {
    throw new Error(`migrations/${file}: expected a name like ${pad(expected)}-what-it-does.sql`)
  }
  const bytes = await readFile(join(folder, file))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { number, name, sql: bytes.toString('utf8'), sha256 }
}

/**
 * Brings the database up to the last of the migrations, each in a transaction of its own.
 * Of many starters exactly one runs each; the others wait for it.
 * @returns the migrations run by this call
 * @throws Error with advice when an applied migration was changed, or the database is newer than the program
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const last = migrations.at(-1)?.number ?? 0
  const inTurn = <T>(work: (queries: Queries) => Promise<T>) =>
    database.transaction(
      async queries => {
        await queries.query('select pg_advisory_xact_lock($1)', [advisoryLock])
        return work(queries)
      },
      { statementTimeoutMs: migrationMsMax },
    )

  await inTurn(makeTable)
  const run: Migration[] = []
  for (const migration of migrations) {
    const ran = await inTurn(async queries => {
      const applied = await readApplied(queries)
      refuseNewer(applied, last)
      return runOnce(queries, migration, applied.get(migration.number))
    })
    if (ran) run.push(migration)
  }
  return run
}

interface Applied {
  readonly number: number
  readonly name: string
  readonly sha256: string
}

/** Looks first, because `create table if not exists` needs rights that a migrated database no longer asks for. */
async function makeTable(queries: Queries): Promise<void> {
  const [found] = await queries.query<{ there: boolean }>(
    `select to_regclass('migrations') is not null as there`,
  )
  if (found?.there) return
  await queries.exec(`
    create table migrations (
      number int4 primary key,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null default now()
    )`)
}

async function readApplied(queries: Queries): Promise<ReadonlyMap<number, Applied>> {
  const rows = await queries.query<Applied>('select number, name, sha256 from migrations')
  return new Map(rows.map(row => [row.number, row]))
}

function refuseNewer(applied: ReadonlyMap<number, Applied>, last: number): void {
  const newest = Math.max(0, ...applied.keys())
  if (newest <= last) return
  throw new Error(
    `the database has migration ${applied.get(newest)?.name}, and this program knows only ${last}: ` +
      'start the newer program, or restore a backup from before the upgrade',
  )
}

async function runOnce(
  queries: Queries,
  migration: Migration,
  applied: Applied | undefined,
): Promise<boolean> {
  const { number, name, sql, sha256 } = migration
  if (applied !== undefined) {
    if (applied.sha256 === sha256) return false
    throw new Error(
      `migrations/${name}.sql differs from ${applied.name} that this database was made with: ` +
        'put the old file back, and write a new migration for the change',
    )
  }
  await queries.exec(sql)
  await queries.query('insert into migrations (number, name, sha256) values ($1, $2, $3)', [
    number,
    name,
    sha256,
  ])
  return true
}

function pad(number: number): string {
  return String(number).padStart(4, '0')
}
