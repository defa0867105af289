import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { BenchRow } from '../src/load/bench-run.ts'
import { type Load, runLoad } from '../src/load/load.ts'
import { withUnknown } from '../src/load/synthetic.ts'
import { makeClosers } from '../src/runtime/closers.ts'
import { makeLog } from '../src/runtime/log.ts'
import type { Chapter, ChapterParts } from './load/chapter.ts'
import type { Child } from './load/child.ts'
import { type Contestant, compare, type Rounds } from './load/compare.ts'
import { fillRecords, identifierAt } from './load/fill-records.ts'
import { measure } from './load/measure.ts'
import { demoIdentifiers, startServerNode, targetOf } from './load/server-node.ts'
import { postgresMissing, redisMissing, startPostgres, startRedis } from './load/servers.ts'

const stopMsMax = 10_000
/** So many more than memory holds that one asked in turn is never there. */
const [coldCount, cachedMax] = [20_000, 1_000]
const hot = demoIdentifiers(100)
const cold = Array.from({ length: coldCount }, (_, at) => identifierAt(at))
/** Nine of ten hits, the others half cold and half unknown; so long that the cold ones are cold again when it begins anew. */
const mixed = withUnknown(
  Array.from(
    { length: 100_000 },
    (_, at) => (at % 20 === 0 ? cold[at / 20] : hot[at % hot.length]) ?? '',
  ),
  0.05,
)

/** A whole node over PostgreSQL and Redis: cold and mixed questions, and what becomes of hits when the stores are away. */
export async function awayChapter({ rounds }: ChapterParts): Promise<Chapter> {
  const missing = [postgresMissing(), redisMissing()].filter(reason => reason !== undefined)
  if (missing.length > 0) return { groups: [], figures: [], leftOut: missing }
  const folder = await mkdtemp(join(tmpdir(), 'qxm-bench-'))
  await using opened = makeClosers(makeLog({ level: 'warn' }))
  opened.add('folder', () => rm(folder, { recursive: true, force: true }))
  const [postgres, redis] = [await startPostgres(), await startRedis()]
  opened.add('postgres', () => postgres.stop(), stopMsMax)
  opened.add('redis', () => redis.stop(), stopMsMax)
  const start = (env: Readonly<Record<string, string>>) =>
    startServerNode(postgres.url, folder, { QXM_DEMO: '1', ...env })
  await (await start({})).stop()
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 })
  await fillRecords(pool, coldCount)
  await pool.end()
  const small = {
    QXM_CACHE_ENTRIES_MAX: String(cachedMax),
    QXM_FAST_ENTRIES_MAX: String(cachedMax),
  }
  const node = await start({ ...small, QXM_REDIS_URL: redis.url })
  opened.add('node', () => node.stop(), stopMsMax)
  const alone = await start(small)
  opened.add('alone', () => alone.stop(), stopMsMax)

  const all = await compare(
    'a node over PostgreSQL and Redis, HTTP JSON',
    [
      by('hits', node, hot),
      by('nine of ten hits, the others cold or unknown', node, mixed),
      by('cold, from Redis', node, cold),
      by('cold, from PostgreSQL', alone, cold),
    ],
    rounds,
  )
  // One after the other, each alone: what is asked beside it warms and cools caches too.
  const hits = [await hitsWhile('all are there', node, rounds)]
  await redis.stop()
  hits.push(await hitsWhile('Redis is away', node, rounds))
  const noRedis = await compare(
    'a node whose Redis is away, HTTP JSON',
    [by('cold, from PostgreSQL', node, cold)],
    rounds,
  )
  await alone.stop()
  await postgres.stop()
  hits.push(await hitsWhile('every store is away', node, rounds))
  const most = hits[0]?.answersPerCpuSecond ?? Number.NaN
  const beside = hits.map(row => ({ ...row, ratio: row.answersPerCpuSecond / most }))
  return {
    groups: [all.group, noRedis.group, { title: 'hits over HTTP JSON while', rows: beside }],
    figures: beside
      .slice(1)
      .map(
        ({ name, ratio }) =>
          ({ name: `hits while ${name}, beside all there`, value: ratio, unit: '×' }) as const,
      ),
    leftOut: [],
  }
}

async function hitsWhile(name: string, node: Child, rounds: Rounds): Promise<BenchRow> {
  const { group } = await compare(`hits while ${name}`, [by(name, node, hot)], rounds)
  const [row] = group.rows
  if (row === undefined) throw new Error('nothing was measured')
  return row
}

function by(name: string, node: Child, identifiers: readonly string[]): Contestant {
  const place = targetOf(node, 'http')
  const load: Omit<Load, 'seconds'> = { via: 'http', place, identifiers, connections: 64, depth: 1 }
  return {
    name,
    measure: seconds => measure(node.pid, () => runLoad({ ...load, seconds })),
  }
}
