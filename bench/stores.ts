/**
 * `node dist/bench/stores.js [count] [file]`: what a miss costs, beside the plainest way to ask the same store. Fills a
 * PostgreSQL with so many records (100 000) of five values each: one of its own, or the empty one that
 * QXM_BENCH_DATABASE_URL names.
 */
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { gather } from '../src/resolver/gather.ts'
import { migrate, readMigrations } from '../src/storage/postgres/migrate.ts'
import { makeRecords } from '../src/storage/postgres/records.ts'
import { openServer } from '../src/storage/postgres/server.ts'
import { type AskRow, compareAsks, report } from './load/ask.ts'
import { startPostgres } from './load/servers.ts'

const recordCount = Number(process.argv[2] ?? 100_000)
const file =
  process.argv[3] ?? join(import.meta.dirname, '..', `bench-stores-${recordCount}-result.json`)
const load = { callers: 256, rounds: 5, roundMs: 2_000 }

const given = process.env['QXM_BENCH_DATABASE_URL']
const server = given === undefined ? await startPostgres() : undefined
const url = given ?? server?.url ?? ''
try {
  const { rows, fillSeconds } = await run()
  const facts = { recordCount, fillSeconds, load }
  await report(`${recordCount} records, ${load.callers} callers`, rows, facts, file)
} finally {
  await server?.stop()
}

async function run(): Promise<{ rows: AskRow[]; fillSeconds: number }> {
  const database = await openServer({ urls: [url], statementTimeoutMs: 600_000 })
  const plain = new pg.Pool({ connectionString: url, max: 8 })
  try {
    await migrate(database, await readMigrations('migrations'))
    const startedAt = performance.now()
    await fill(plain)
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
      { ...load, keyCount: recordCount, keyOf: number => `88.118.8/abc-${number}` },
    )
    return { rows, fillSeconds }
  } finally {
    await plain.end()
    await database.close()
  }
}

async function fill(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ count: string }>('select count(*) as count from records')
    if (Number(rows[0]?.count) > 0) return
    const copy = `copy records (key, prefix, identifier, system, kind, values, aliases, submitter, basis, serial,
      created_at, updated_at) from stdin`
    await pipeline(lines, client.query(copyFrom(copy)))
    await client.query('vacuum analyze records')
  } finally {
    client.release()
  }
}

/** Rows in COPY's text format, some hundred a piece. */
function* lines(): Generator<string> {
  for (let from = 0; from < recordCount; from += 500) {
    const count = Math.min(500, recordCount - from)
    yield Array.from({ length: count }, (_, at) => line(from + at)).join('')
  }
}

function line(number: number): string {
  const at = '2026-11-23T06:00:00Z'
  const values = [1, 2, 3, 4, 5].map(index => ({
    index,
    type: 'URL',
    data: { format: 'string', value: `https://example.com/products/${number}/${index}` },
    ttl: 86_400,
    timestamp: at,
    permissions: '1110',
    references: [],
  }))
  const [key, identifier] = [`88.118.8/abc-${number}`, `88.118.8/ABC-${number}`]
  const columns = [key, '88.118.8', identifier, 'handle', 'product', JSON.stringify(values), '[]']
  return `${[...columns, 'bench', 'authority', 1, at, at].join('\t')}\n`
}
