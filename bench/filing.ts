/**
 * `node dist/bench/filing.js`: what it takes to register an identifier and to file an application, beside the least that a
 * store can do for it: one transaction that inserts one row of as many bytes, by the same driver, on the same server, in the
 * same run. Needs an empty database in QXM_BENCH_DATABASE_URL. One after the other, as a person files; rounds are
 * interleaved.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import pg from 'pg'
import { median } from './load/measure.ts'
import { operatorKey, startServerNode } from './load/server-node.ts'

const url = process.env['QXM_BENCH_DATABASE_URL']
if (url === undefined) throw new Error('QXM_BENCH_DATABASE_URL names an empty database')
// Ours is no key of a node, and the node inherits what we have.
delete process.env['QXM_BENCH_DATABASE_URL']
const rounds = Number(process.argv[2] ?? 5)
const filingsPerRound = 200
const warmUp = 50

const basic = {
  producerName: '深圳示例精密制造有限公司',
  producerClassificationName: 'C3911 计算机整机制造',
  producerAddress: '广东省深圳市南山区示例路 1 号',
  legalRepresentative: '张三',
  registeredCapital: '1000 万元人民币',
  businessScope: '精密零件的制造与销售',
  managementForms: '存续',
  registerDate: 20150401,
  operationTerm: 99991231,
  issueDate: 20200821,
}
/** Of one round, in milliseconds. */
interface Measured {
  readonly p50: number
  readonly p95: number
}

const consent = { purpose: '申请企信码', until: '2031-01-01T00:00:00Z' }

/** So far. */
let filings = 0
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

const folder = await mkdtemp(join(tmpdir(), 'qxm-bench-'))
const node = await startServerNode(url, folder)
const plain = new pg.Client({ connectionString: url })
await plain.connect()
try {
  await plain.query('create table bench_rows (id bigserial primary key, body json not null)')
  const firm = await aFirmsKey()
  await post(operatorKey, '/v1/prefixes', { prefix: '88.118.40' })
  const ways = {
    'a bare insert': insert,
    'register an identifier': register,
    'create an application': () => file(firm, false),
    'create and submit one': () => file(firm, true),
  }
  for (const run of Object.values(ways)) await timesOf(run, warmUp)
  const measured = new Map(Object.keys(ways).map(name => [name, [] as Measured[]]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(ways)) {
      const times = await timesOf(run, filingsPerRound)
      measured.get(name)?.push({ p50: percentile(times, 0.5), p95: percentile(times, 0.95) })
    }
  }
  print(measured)
} finally {
  agent.destroy()
  await plain.end()
  await node.stop()
  await rm(folder, { recursive: true, force: true })
}

async function aFirmsKey(): Promise<string> {
  const made = await post(operatorKey, '/v1/clients', { name: 'bench', role: 'enterprise' })
  return String(made['key'])
}

async function insert(): Promise<void> {
  await plain.query('begin')
  await plain.query('insert into bench_rows (body) values ($1)', [JSON.stringify(basic)])
  await plain.query('commit')
}

async function register(): Promise<void> {
  const identifier = `88.118.40/N-${filings++}`
  const values = [{ index: 1, type: 'DESC', data: JSON.stringify(basic) }]
  const made = await post(operatorKey, '/v1/identifiers', { identifier, kind: 'product', values })
  if (made['serial'] !== 1) throw new Error(JSON.stringify(made))
}

/** A filer asks once for one credit code: each filing has another. */
async function file(firm: string, submit: boolean): Promise<void> {
  const uscc = `91440300MD${String(filings++).padStart(8, '0')}`
  const body = { basic: { uscc, ...basic }, consent, declaration: true, submit }
  const filed = await post(firm, '/v1/applications', body)
  if (filed['state'] !== (submit ? 'submitted' : 'draft')) throw new Error(JSON.stringify(filed))
}

/** Not by `fetch`, which takes as long as the transaction that is to be compared: this is about the node. */
async function post(credential: string, path: string, body: object) {
  const text = JSON.stringify(body)
  const asked = request(String(node.ready['http']) + path, {
    agent,
    method: 'POST',
    headers: {
      authorization: `Bearer ${credential}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    },
  })
  asked.end(text)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return (await json(response)) as Record<string, unknown>
}

/** @returns milliseconds of each */
async function timesOf(run: () => Promise<void>, count: number): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at < count; at++) {
    const startedAt = performance.now()
    await run()
    times.push(performance.now() - startedAt)
  }
  return times
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

function print(measured: ReadonlyMap<string, readonly Measured[]>): void {
  const [reference = []] = measured.values()
  process.stdout.write(`${rounds} rounds of ${filingsPerRound}\n\n`)
  process.stdout.write('| what | p50 ms | p95 ms | p50, ratio | p95, ratio |\n')
  process.stdout.write('| --- | ---: | ---: | ---: | ---: |\n')
  for (const [name, runs] of measured) {
    const ratio = (of: keyof Measured) =>
      median(runs.map((run, round) => run[of] / (reference[round]?.[of] ?? Number.NaN)))
    const cells = [
      median(runs.map(({ p50 }) => p50)).toFixed(2),
      median(runs.map(({ p95 }) => p95)).toFixed(2),
      ratio('p50').toFixed(1),
      ratio('p95').toFixed(1),
    ]
    process.stdout.write(`| ${[name, ...cells].join(' | ')} |\n`)
  }
}
