/**
 * `node dist/bench/stores.js [records] [file]`: what a miss costs, beside the plainest way to ask the same store. Fills a
 * PostgreSQL with so many records (100 000) of five values each: one of its own, or the empty one that
 * QXM_BENCH_DATABASE_URL names.
 */
import { join } from 'node:path'
import pg from 'pg'
import { type BenchRow, makeBenchRun } from '../src/load/bench-run.ts'
import { foldAscii } from '../src/model/identifier.ts'
import { gather } from '../src/resolver/gather.ts'
import { migrate, readMigrations } from '../src/storage/postgres/migrate.ts'
import { makeRecords } from '../src/storage/postgres/records.ts'
import { openServer } from '../src/storage/postgres/server.ts'
import { compareAsks } from './load/ask.ts'
import { times } from './load/chapter.ts'
import { fillRecords, identifierAt } from './load/fill-records.ts'
import { report } from './load/print.ts'
import { startPostgres } from './load/servers.ts'

const recordCount = Number(process.argv[2] ?? 100_000)
const file =
  process.argv[3] ?? join(import.meta.dirname, '..', `bench-stores-${recordCount}-result.json`)
const load = { callers: 256, rounds: 5, roundMs: 2_000 }

const startedAt = new Date()
const given = process.env['QXM_BENCH_DATABASE_URL']
const server = given === undefined ? await startPostgres() : undefined
const url = given ?? server?.url ?? ''
try {
  const { rows, fillSeconds } = await run()
  const title = `PostgreSQL, ${recordCount} records, ${load.callers} callers`
  const measured = {
    facts: { recordCount, fillSeconds, load },
    groups: [{ title, rows }],
    figures: [times('cold, beside one SELECT each', rows.at(-1)?.ratio ?? Number.NaN, 3)],
    leftOut: [],
  }
  await report(makeBenchRun(startedAt, measured), file)
} finally {
  await server?.stop()
}

async function run(): Promise<{ rows: BenchRow[]; fillSeconds: number }> {
  const database = await openServer({ urls: [url], statementTimeoutMs: 600_000 })
  const plain = new pg.Pool({ connectionString: url, max: 8 })
  try {
    await migrate(database, await readMigrations('migrations'))
    const startedAt = performance.now()
    await fillRecords(plain, recordCount)
    const fillSeconds = (performance.now() - startedAt) / 1000
    const records = makeRecords(database)
    const find = gather(keys => records.find(keys), {
      keysMax: 256,
      batchesMax: 4,
      waitingMax: 10_000,
    })
    const rows = await compareAsks(
      {
        'one prepared SELECT per request': key =>
          plain.query({ name: 'one', text: 'select * from records where key = $1', values: [key] }),
        'gathered, as the node asks': find,
      },
      { ...load, keyCount: recordCount, keyOf: number => foldAscii(identifierAt(number)) },
    )
    return { rows, fillSeconds }
  } finally {
    await plain.end()
    await database.close()
  }
}
