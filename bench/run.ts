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
import { type Contestant, compare, print } from './load/compare.ts'
import { measure, residentMegabytes, type Target } from './load/measure.ts'
import { findWrk, measureWithWrk } from './load/wrk.ts'

const here = dirname(fileURLToPath(import.meta.url))
const program = join(here, '..', 'src', 'main.js')
const rounds = Number(process.argv[2] ?? 5)
const load = { seconds: 2, connections: 16 }
const batchSize = 100

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
  else results.push(...(await compare(all.flatMap(byWrk(wrk)), load.seconds, rounds)))
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

/** Batches are POSTs, for which wrk would need a script. */
function byWrk(wrk: string): (target: Target) => Contestant[] {
  return target =>
    target.request.method === 'GET'
      ? [
          {
            name: `${target.name}, by wrk`,
            measure: seconds => measureWithWrk(wrk, target, { ...load, seconds }),
          },
        ]
      : []
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
