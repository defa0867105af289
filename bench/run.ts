/**
 * `npm run bench`: what a resolve costs, beside a bare server that sends the same bytes. Rounds are interleaved and
 * medians shown; ratios of answers per CPU second can be compared between machines, absolute rates cannot.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { handleContestants } from './handle.ts'
import { startChild } from './load/child.ts'
import { type Contestant, compare, print, type Row } from './load/compare.ts'
import { measure, residentMegabytes, type Target } from './load/measure.ts'
import { findWrk, inTurnScript, measureWithWrk, pipelineScript } from './load/wrk.ts'

const here = dirname(fileURLToPath(import.meta.url))
const program = join(here, '..', 'src', 'main.js')
const rounds = Number(process.argv[2] ?? 5)
const load = { seconds: 2, connections: 16 }
const batchSize = 100
const pipelineDepth = 10
/** Asked in turn: as many as the demo has, and so many made-up ones that no short memory of absences helps. */
const inTurn = { known: 100, unknown: 20_000 }

const folder = await mkdtemp(join(tmpdir(), 'qxm-bench-'))
const env = {
  QXM_DATA_DIR: folder,
  QXM_HTTP_PORT: '0',
  QXM_OPS_PORT: '0',
  QXM_HANDLE_PORT: '0',
  QXM_LOG_LEVEL: 'warn',
  QXM_NODE_LAMEDUCK_MS: '0',
}
try {
  await (await startChild(program, ['start', '--demo'], env)).stop()
  const node = await startChild(program, ['start', '--demo'], env)
  const idleMegabytes = residentMegabytes(node.pid)
  const url = String(node.ready['http'])
  const answer = Buffer.from(await (await fetch(`${url}/v1/resolve/88.118.8/ABC-1`)).arrayBuffer())
  const bare = await startChild(join(here, 'load', 'bare-http.js'), [answer.toString('base64')])

  const all = targets(url, node.pid, `http://127.0.0.1:${bare.ready['port']}`, bare.pid)
  const results = await compare(all.map(byAutocannon), load.seconds, rounds)
  const wrk = findWrk()
  if (wrk === undefined) process.stderr.write('without wrk: apt-get install -y wrk\n')
  else results.push(...(await compareByWrk(wrk, all)))
  const handle = await handleContestants(node)
  for (const group of handle.groups) {
    results.push(...(await compare(group, load.seconds, rounds)))
  }
  await handle.stop()
  await node.stop()
  await bare.stop()

  const report = {
    at: new Date().toISOString(),
    machine: machine(),
    hasWrk: wrk !== undefined,
    load,
    rounds,
    idleMegabytes,
    results,
  }
  await writeFile(
    process.argv[3] ?? join(here, '..', 'bench-result.json'),
    `${JSON.stringify(report, null, 2)}\n`,
  )
  print(results, idleMegabytes)
} finally {
  await rm(folder, { recursive: true, force: true })
}

function byAutocannon(target: Target): Contestant {
  return { name: target.name, measure: seconds => measure(target, { ...load, seconds }) }
}

/** One question at a time, then several at once on each connection; the same with the strict reader turned off. */
async function compareByWrk(wrk: string, all: readonly Target[]): Promise<Row[]> {
  const script = join(folder, 'pipeline.lua')
  await writeFile(script, pipelineScript(pipelineDepth))
  const known = join(folder, 'known.lua')
  await writeFile(known, inTurnScript(pathsOf('ABC-', inTurn.known)))
  const unknown = join(folder, 'unknown.lua')
  await writeFile(unknown, inTurnScript(pathsOf('NONE-', inTurn.unknown)))
  const without = await startChild(program, ['start', '--demo'], {
    ...env,
    QXM_DATA_DIR: `${folder}-ordinary`,
    QXM_FAST_HTTP: '0',
  })
  const [bare, resolve] = all
  if (bare === undefined || resolve === undefined) throw new Error('there is nothing to compare')
  const ordinary = {
    ...resolve,
    name: `${resolve.name}, strict reader off`,
    pid: without.pid,
    url: String(without.ready['http']),
  }
  const by = (target: Target, name: string, more = {}): Contestant => ({
    name: `${target.name}, ${name}`,
    measure: seconds => measureWithWrk(wrk, target, { ...load, ...more, seconds }),
  })
  // Batches are POSTs, for which wrk would need a script of its own.
  const single = [...all.filter(({ request }) => request.method === 'GET'), ordinary]
  const piped = [bare, resolve, ordinary]
  try {
    return [
      ...(await compare(
        single.map(target => by(target, 'by wrk')),
        load.seconds,
        rounds,
      )),
      ...(await compare(
        piped.map(target => by(target, `${pipelineDepth} at once, by wrk`, { script })),
        load.seconds,
        rounds,
      )),
      ...(await compare(
        [
          by(resolve, `${inTurn.known} in turn, by wrk`, { script: known }),
          by({ ...resolve, name: 'unknown identifiers' }, `${inTurn.unknown} in turn, by wrk`, {
            script: unknown,
            isRefused: true,
          }),
        ],
        load.seconds,
        rounds,
      )),
    ]
  } finally {
    await without.stop()
    await rm(`${folder}-ordinary`, { recursive: true, force: true })
  }
}

function pathsOf(beginning: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `/v1/resolve/88.118.8/${beginning}${at + 1}`)
}

function targets(url: string, pid: number, bareUrl: string, barePid: number): Target[] {
  const get = (path: string, headers = {}) => ({ method: 'GET' as const, path, headers })
  const identifiers = Array.from({ length: batchSize }, (_, at) => `88.118.8/ABC-${at + 1}`)
  return [
    { name: 'bare node:http', pid: barePid, url: bareUrl, request: get('/'), answersPerRequest: 1 },
    {
      name: 'resolve, JSON, cached',
      pid,
      url,
      request: get('/v1/resolve/88.118.8/ABC-1'),
      answersPerRequest: 1,
    },
    {
      name: 'resolve, protobuf, cached',
      pid,
      url,
      request: get('/v1/resolve/88.118.8/ABC-1', { accept: 'application/x-protobuf' }),
      answersPerRequest: 1,
    },
    {
      name: 'label opened by a program, cached',
      pid,
      url,
      request: get('/r/88.118.8/ABC-1'),
      answersPerRequest: 1,
    },
    {
      name: 'Handle REST, cached',
      pid,
      url,
      request: get('/api/handles/88.118.8/ABC-1'),
      answersPerRequest: 1,
    },
    {
      name: 'resolve by GTIN (an alias), cached',
      pid,
      url,
      request: get('/v1/resolve/06901234000016'),
      answersPerRequest: 1,
    },
    {
      name: 'resolve by GS1 link, cached',
      pid,
      url,
      request: get('/v1/resolve/https%3A%2F%2Fid.example.cn%2F01%2F06901234000016'),
      answersPerRequest: 1,
    },
    {
      name: `batch of ${batchSize}, cached`,
      pid,
      url,
      request: {
        method: 'POST',
        path: '/v1/resolve:batch',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ identifiers }),
      },
      answersPerRequest: batchSize,
    },
  ]
}

function machine() {
  return { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
}
