import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runLoad } from '../src/load/load.ts'
import { makeClosers } from '../src/runtime/closers.ts'
import { makeLog } from '../src/runtime/log.ts'
import type { Chapter, ChapterParts } from './load/chapter.ts'
import type { Child } from './load/child.ts'
import { compare } from './load/compare.ts'
import { get, measureHttp } from './load/http.ts'
import { measure } from './load/measure.ts'
import { demoIdentifiers, startServerNode, targetOf } from './load/server-node.ts'
import { postgresMissing, startPostgres } from './load/servers.ts'

const stopMsMax = 15_000
/** On as many cores the load generator has none left for itself, and more says nothing new. */
const workersMax = 8
const identifiers = demoIdentifiers(100)
const asks = identifiers.map(identifier => get(`/v1/resolve/${identifier}`))
const oneProcess = 'one process'

/** Cached answers of nodes with more and more workers, all over one PostgreSQL and on the cores the load generator is on. */
export async function workersChapter({ rounds }: ChapterParts): Promise<Chapter> {
  const missing = postgresMissing()
  if (missing !== undefined) return { groups: [], figures: [], leftOut: [missing] }
  const folder = await mkdtemp(join(tmpdir(), 'qxm-bench-'))
  await using opened = makeClosers(makeLog({ level: 'warn' }))
  opened.add('folder', () => rm(folder, { recursive: true, force: true }))
  const postgres = await startPostgres()
  opened.add('postgres', () => postgres.stop(), stopMsMax)
  const nodes = new Map<string, Child>()
  for (let count = 0; count <= Math.min(workersMax, availableParallelism()); count++) {
    const node = await startServerNode(postgres.url, folder, {
      QXM_DEMO: '1',
      QXM_WORKERS: String(count),
    })
    const name = count === 0 ? oneProcess : `${count} ${count === 1 ? 'worker' : 'workers'}`
    opened.add(name, () => node.stop(), stopMsMax)
    nodes.set(name, node)
  }
  const http = await compare(
    'HTTP JSON, cached, 64 connections, by workers',
    [...nodes].map(([name, node]) => ({
      name,
      measure: seconds =>
        measureHttp(targetOf(node, 'http'), { asks, connections: 64, depth: 1 }, seconds),
    })),
    rounds,
  )
  const udp = await compare(
    'Handle UDP, cached, 8 at once on 16 sockets, by workers',
    [...nodes].map(([name, node]) => ({
      name,
      measure: seconds =>
        measure(node.pid, () => {
          const place = targetOf(node, 'handle')
          return runLoad({ via: 'udp', place, identifiers, connections: 16, depth: 8, seconds })
        }),
    })),
    rounds,
  )
  const most = [...nodes.keys()].at(-1) ?? oneProcess
  const rate = ({ median }: typeof http) =>
    median(most, 'answersPerSecond') / median(oneProcess, 'answersPerSecond')
  return {
    groups: [http.group, udp.group],
    figures: [
      {
        name: `HTTP answers a second of ${most}, beside one process`,
        value: rate(http),
        unit: '×',
      },
      {
        name: `Handle UDP answers a second of ${most}, beside one process`,
        value: rate(udp),
        unit: '×',
      },
    ],
    leftOut: [],
  }
}
