/**
 * `node dist/bench/stores.js`: what a miss costs, beside the plainest way to ask the same store. Needs an empty database
 * in QXM_BENCH_DATABASE_URL, and may be told how many records to fill it with (100 000). Rounds are interleaved; the
 * figure is answers per second of this process's CPU time.
 */
import pg from 'pg'
import { gather } from '../src/resolver/gather.ts'
import { migrate, readMigrations } from '../src/storage/postgres/migrate.ts'
import { makeRecords } from '../src/storage/postgres/records.ts'
import { openServer } from '../src/storage/postgres/server.ts'
import { median } from './load/measure.ts'

const url = process.env['QXM_BENCH_DATABASE_URL']
if (url === undefined) throw new Error('QXM_BENCH_DATABASE_URL names an empty database')
const recordCount = Number(process.argv[2] ?? 100_000)
const rounds = 5
const roundMs = 2_000
const callers = 256

const database = await openServer({ urls: [url], statementTimeoutMs: 600_000 })
const plain = new pg.Pool({ connectionString: url, max: 8 })
try {
  await migrate(database, await readMigrations('migrations'))
  await fill()
  const records = makeRecords(database)
  const find = gather(keys => records.find(keys), {
    keysMax: 256,
    batchesMax: 4,
    waitingMax: 10_000,
  })
  const ways: Record<string, (key: string) => Promise<unknown>> = {
    'one prepared SELECT per request': key =>
      plain.query({ name: 'one', text: 'select * from records where key = $1', values: [key] }),
    'gathered, as the node asks': find,
  }
  const measured = new Map(
    Object.keys(ways).map(name => [name, [] as { eff: number; rate: number }[]]),
  )
  for (const ask of Object.values(ways)) await run(ask, 500)
  for (let round = 0; round < rounds; round++) {
    for (const [name, ask] of Object.entries(ways))
      measured.get(name)?.push(await run(ask, roundMs))
  }
  print(measured)
} finally {
  await plain.end()
  await database.close()
}

/** As many records as asked for, of five values each, by one statement. */
async function fill(): Promise<void> {
  const [row] = await database.query<{ count: number }>('select count(*) as count from records')
  if ((row?.count ?? 0) >= recordCount) return
  await database.query(
    `insert into records (key, prefix, identifier, system, kind, values, aliases, submitter, basis, serial, created_at, updated_at)
     select '88.118.8/abc-' || n, '88.118.8', '88.118.8/ABC-' || n, 'handle', 'product',
       (select json_agg(json_build_object('index', i, 'type', 'URL', 'data',
          json_build_object('format', 'string', 'value', 'https://example.com/products/' || n || '/' || i),
          'ttl', 86400, 'timestamp', '2026-11-23T06:00:00Z', 'permissions', '1110', 'references', '[]'::json))
        from generate_series(1, 5) i),
       '[]', 'bench', 'authority', 1, now(), now()
     from generate_series(1, $1::int) n on conflict do nothing`,
    [recordCount],
  )
  await database.query('analyze records')
}

async function run(
  ask: (key: string) => Promise<unknown>,
  durationMs: number,
): Promise<{ eff: number; rate: number }> {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  let count = 0
  async function call(): Promise<void> {
    while (performance.now() - startedAt < durationMs) {
      await ask(`88.118.8/abc-${1 + Math.floor(Math.random() * recordCount)}`)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - startedAt) / 1000
  return { eff: count / ((user + system) / 1e6), rate: count / seconds }
}

function print(measured: ReadonlyMap<string, readonly { eff: number; rate: number }[]>): void {
  const [reference = []] = measured.values()
  process.stdout.write(`${recordCount} records, ${callers} callers\n\n`)
  process.stdout.write(
    '| what | answers per CPU second, ratio | answers/s |\n| --- | ---: | ---: |\n',
  )
  for (const [name, runs] of measured) {
    const ratio = median(runs.map(({ eff }, round) => eff / (reference[round]?.eff ?? Number.NaN)))
    const rate = Math.round(median(runs.map(run => run.rate)))
    process.stdout.write(`| ${name} | ${ratio.toFixed(2)} | ${rate} |\n`)
  }
}
