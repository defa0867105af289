/**
 * `node dist/bench/import.js [rows] [rounds] [file]`: how fast a file becomes records: one of so many rows (100 000) sent
 * over HTTP as CSV until its job is done, beside a bare COPY of the same rows into a table of the same shape; beside a COPY
 * of all that an import leaves behind, which is the records and the index of their values; and beside what anything costs
 * that looks at rows before it writes them: COPY into a table without an index, and INSERT … SELECT from there of those
 * that are new. A PostgreSQL of its own, or the empty one that QXM_BENCH_DATABASE_URL names. The same file
 * once more changes nothing, and is timed too. At last, what is left of cached answers while a file becomes records.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Value } from '../src/model/value.ts'
import { digestsOf } from '../src/storage/postgres/reverse.ts'
import type { Child } from './load/child.ts'
import { get, measureHttp } from './load/http.ts'
import { cpuSeconds, type Measured, median } from './load/measure.ts'
import { operatorKey, startServerNode } from './load/server-node.ts'
import { startPostgres } from './load/servers.ts'

const rowCount = Number(process.argv[2] ?? 100_000)
const rounds = Number(process.argv[3] ?? 3)
const file =
  process.argv[4] ?? join(import.meta.dirname, '..', `bench-import-${rowCount}-result.json`)
const rowsPerPiece = 500
const secondsPerLook = 1
const at = '2026-11-23T06:00:00Z'
const types = ['URL', 'NAME', 'DESC']
/** Of proc(5). */
const ticksPerSecond = 100

const given = process.env['QXM_BENCH_DATABASE_URL']
// Ours is no key of a node, and the node inherits what we have.
delete process.env['QXM_BENCH_DATABASE_URL']
const server = given === undefined ? await startPostgres('on') : undefined
const url = given ?? server?.url ?? ''
const folder = await mkdtemp(join(tmpdir(), 'qxm-bench-'))
const node = await startServerNode(url, folder)
const plain = new pg.Client({ connectionString: url })
await plain.connect()
try {
  await plain.query('create table bench_records (like records including all)')
  await plain.query('create table bench_values (like public_values including all)')
  await plain.query('create table bench_staged (like records)')
  await ask('POST', '/v1/prefixes', JSON.stringify({ prefix: '88.118.40' }))
  const postmaster = await postmasterOf(plain)
  const before = peakMemory(node)
  const ways = {
    'bare COPY': () => copy('bench_records'),
    'COPY with values': copyWithValues,
    'COPY, INSERT … SELECT': copyAndInsert,
    import: () => importFile(csv()),
    'the same again': () => importFile(csv()),
  }
  const measured = new Map(Object.keys(ways).map(name => [name, [] as Taken[]]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(ways)) {
      if (name !== 'the same again') await truncate()
      const startedAt = performance.now()
      const [server, own] = [cpuOfTree(postmaster), cpuSeconds(node.pid)]
      await run()
      measured.get(name)?.push({
        seconds: (performance.now() - startedAt) / 1000,
        serverCpu: cpuOfTree(postmaster) - server,
        nodeCpu: cpuSeconds(node.pid) - own,
      })
    }
  }
  await print(measured, before, await resolveBeside())
} finally {
  await plain.end()
  await node.stop()
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
}

async function truncate(): Promise<void> {
  await plain.query(
    'truncate bench_records, bench_values, bench_staged, records, record_versions, public_values, aliases',
  )
}

async function copyAndInsert(): Promise<void> {
  await copy('bench_staged')
  await plain.query(
    'insert into bench_records select * from bench_staged order by key on conflict do nothing',
  )
}

async function copy(table: string): Promise<void> {
  const into = `copy ${table} (key, prefix, identifier, system, kind, values, aliases, submitter, basis, serial,
    created_at, updated_at) from stdin`
  await pipeline(Readable.from(pieces(recordLine)), plain.query(copyFrom(into)))
}

async function copyWithValues(): Promise<void> {
  await copy('bench_records')
  const into = 'copy bench_values (digest, key) from stdin'
  await pipeline(Readable.from(pieces(valueLines)), plain.query(copyFrom(into)))
}

async function importFile(lines: Iterable<string>): Promise<void> {
  const body = Readable.from(lines, { objectMode: false })
  const sent = await ask('POST', '/v1/jobs?into=identifiers', body, 'text/csv')
  for (let job = sent; ; job = await ask('GET', `/v1/jobs/${job['id']}`)) {
    if (job['state'] === 'done') {
      const { rows, refused } = job['counts'] as Record<string, number>
      if (rows !== rowCount || refused !== 0) throw new Error(JSON.stringify(job))
      return
    }
    if (job['endedAt'] !== null) throw new Error(JSON.stringify(job))
    await sleep(50)
  }
}

async function ask(
  method: string,
  path: string,
  body?: string | Readable,
  type = 'application/json',
) {
  const response = await fetch(String(node.ready['http']) + path, {
    method,
    headers: {
      authorization: `Bearer ${operatorKey}`,
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined
      ? {}
      : { body: body as NonNullable<RequestInit['body']>, duplex: 'half' as const }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  // A machine with too much to do beside: asked again.
  if (method === 'GET' && response.status === 503) return { endedAt: null }
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer
}

interface Beside {
  readonly name: string
  readonly answersPerSecond: number
  readonly p99Ms: number
}

/** One cached answer, asked for without end: by itself, and while the file is imported. Its making costs nothing then. */
async function resolveBeside(): Promise<readonly Beside[]> {
  await truncate()
  const values = [{ index: 1, type: 'URL', data: 'https://example.com/' }]
  const identifier = '88.118.40/CACHED'
  await ask('POST', '/v1/identifiers', JSON.stringify({ identifier, values }))
  const { hostname: host, port } = new URL(String(node.ready['http']))
  const target = { pid: node.pid, host, port: Number(port) }
  const askCached = () => {
    const load = { asks: [get(`/v1/resolve/${identifier}`)], connections: 16, depth: 1 }
    return measureHttp(target, load, secondsPerLook)
  }
  await askCached()
  const alone: Measured[] = []
  const beside: Measured[] = []
  for (let round = 0; round < rounds; round++) {
    alone.push(await askCached())
    const file = [...csv((round + 1) * rowCount)]
    beside.push(...(await measureWhile(importFile(file), askCached)))
  }
  return [
    { name: 'by themselves', ...middle(alone) },
    { name: 'while a file is imported', ...middle(beside) },
  ]
}

/** Second by second, as long as it lasts. */
async function measureWhile(
  work: Promise<void>,
  look: () => Promise<Measured>,
): Promise<Measured[]> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  const measured: Measured[] = []
  while (!isDone) measured.push(await look())
  await done
  // The last one went on when all was done.
  return measured.length > 1 ? measured.slice(0, -1) : measured
}

function middle(measured: readonly Measured[]) {
  return {
    answersPerSecond: median(measured.map(({ answersPerSecond }) => answersPerSecond)),
    p99Ms: median(measured.map(({ p99Ms }) => p99Ms)),
  }
}

function valuesOf(number: number) {
  return [
    `https://example.com/products/${number}/description-of-what-it-is`,
    `产品 ${number}，A4 纸张打印机硒鼓，适用型号 HP-${number % 997}`,
    `{"batch":"2026-11-${(number % 28) + 1}","line":${number % 12},"grade":"A"}`,
  ]
}

function* csv(first = 0): Generator<string> {
  yield 'identifier,kind,URL,NAME,DESC\n'
  yield* pieces(at => {
    const number = first + at
    const cells = valuesOf(number).map(text => `"${text.replaceAll('"', '""')}"`)
    return `88.118.40/ABC-${number},product,${cells.join()}\n`
  })
}

function recordValuesOf(number: number): Value[] {
  return valuesOf(number).map((value, position) => ({
    index: position + 1,
    type: types[position] ?? '',
    data: { format: 'string', value },
    ttl: 86_400,
    timestamp: at,
    permissions: '1110',
    references: [],
  }))
}

function keyOf(number: number): string {
  return `88.118.40/abc-${number}`
}

function valueLines(number: number): string {
  const digests = digestsOf({ values: recordValuesOf(number) })
  return digests.map(digest => `${digest}\t${keyOf(number)}\n`).join('')
}

function recordLine(number: number): string {
  const json = JSON.stringify(recordValuesOf(number)).replaceAll('\\', '\\\\')
  const identifier = `88.118.40/ABC-${number}`
  const columns = [keyOf(number), '88.118.40', identifier, 'handle', 'product', json, '[]']
  return `${[...columns, 'bench', 'authority', 1, at, at].join('\t')}\n`
}

/** Some hundred rows at once. */
function* pieces(line: (number: number) => string): Generator<string> {
  for (let from = 0; from < rowCount; from += rowsPerPiece) {
    const count = Math.min(rowsPerPiece, rowCount - from)
    yield Array.from({ length: count }, (_, at) => line(from + at)).join('')
  }
}

/** Of one run, in seconds. */
interface Taken {
  readonly seconds: number
  readonly serverCpu: number
  readonly nodeCpu: number
}

async function print(
  measured: ReadonlyMap<string, readonly Taken[]>,
  megabytesBefore: number | undefined,
  resolved: readonly Beside[],
): Promise<void> {
  const [bare = []] = measured.values()
  const cpu = ({ serverCpu, nodeCpu }: Taken) => serverCpu + nodeCpu
  const rows = [...measured].map(([name, runs]) => {
    const ratio = (of: (run: Taken) => number) =>
      median(runs.map((run, round) => of(bare[round] ?? run) / of(run)))
    return {
      name,
      rowsPerSecond: rowCount / median(runs.map(({ seconds }) => seconds)),
      ratio: ratio(({ seconds }) => seconds),
      cpuRatio: ratio(cpu),
      serverCpu: median(runs.map(({ serverCpu }) => serverCpu)),
      nodeCpu: median(runs.map(({ nodeCpu }) => nodeCpu)),
    }
  })
  const memory = { before: megabytesBefore, peak: peakMemory(node) }
  process.stdout.write(`${rowCount} rows, ${rounds} rounds; node: ${memory.before} MB, `)
  process.stdout.write(`at most ${memory.peak} MB\n\n`)
  process.stdout.write('| what | rows/s | ratio | CPU, ratio | server CPU s | node CPU s |\n')
  process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: |\n')
  for (const { name, rowsPerSecond, ratio, cpuRatio, serverCpu, nodeCpu } of rows) {
    const cells = [ratio, cpuRatio, serverCpu, nodeCpu].map(cell => cell.toFixed(2))
    process.stdout.write(`| ${name} | ${rowsPerSecond.toFixed(0)} | ${cells.join(' | ')} |\n`)
  }
  process.stdout.write('\n| cached answers | answers/s | p99 ms |\n| --- | ---: | ---: |\n')
  for (const { name, answersPerSecond, p99Ms } of resolved) {
    process.stdout.write(`| ${name} | ${answersPerSecond.toFixed(0)} | ${p99Ms} |\n`)
  }
  await writeFile(file, JSON.stringify({ rowCount, rounds, memory, rows, resolved }, null, 2))
}

/** Linux only, as everything here that looks into /proc. */
function peakMemory({ pid }: Pick<Child, 'pid'>): number | undefined {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

async function postmasterOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return Number(statOf(rows[0]?.pid ?? 0)[1])
}

/** The fields of proc(5) behind the name, which may hold anything. */
function statOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
}

/** Of a process, its children and those of them that have ended. */
function cpuOfTree(pid: number): number {
  const [own, ended] = [secondsIn(statOf(pid), 11), secondsIn(statOf(pid), 13)]
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children.reduce((sum, child) => sum + cpuWhileItRuns(Number(child)), own + ended)
}

function cpuWhileItRuns(pid: number): number {
  try {
    return secondsIn(statOf(pid), 11)
  } catch {
    // It has ended since.
    return 0
  }
}

/** User and system time from this field on. */
function secondsIn(stat: readonly string[], at: number): number {
  return (Number(stat[at]) + Number(stat[at + 1])) / ticksPerSecond
}
