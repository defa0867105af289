/**
 * `node dist/bench/redis.js [file]`: what a record from Redis costs, as the node asks (gathered, decoded and judged),
 * beside one plain GET for each, with the same decoding and without any. Starts a Redis of its own.
 */
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import { type BenchRow, makeBenchRun } from '../src/load/bench-run.ts'
import type { StoredRecord } from '../src/model/record.ts'
import { gather } from '../src/resolver/gather.ts'
import { makeRecentChanges } from '../src/resolver/recent-changes.ts'
import { makeSharedFind } from '../src/resolver/shared-records.ts'
import { systemClock } from '../src/runtime/clock.ts'
import { makeLog } from '../src/runtime/log.ts'
import { openRedis } from '../src/storage/redis/open-redis.ts'
import { formatVersion, openRecordCodec } from '../src/storage/redis/record-codec.ts'
import { aRecord, aValue } from '../test/support/builders.ts'
import { compareAsks } from './load/ask.ts'
import { times } from './load/chapter.ts'
import { report } from './load/print.ts'
import { startRedis, type ThrowAway } from './load/servers.ts'

const file = process.argv[2] ?? join(import.meta.dirname, '..', 'bench-redis-result.json')
const recordCount = 10_000
const load = { callers: 64, rounds: 5, roundMs: 2_000 }
const seenSeq = 1_000

const startedAt = new Date()
const server = await startRedis()
try {
  const rows = await run(server)
  const measured = {
    facts: { recordCount, load },
    groups: [
      { title: `Redis, ${recordCount} records of five values, ${load.callers} callers`, rows },
    ],
    figures: [times('Redis tier, beside plain GETs', rows.at(-1)?.ratio ?? Number.NaN, 3)],
    leftOut: [],
  }
  await report(makeBenchRun(startedAt, measured), file)
} finally {
  await server.stop()
}

async function run({ url, port }: ThrowAway): Promise<BenchRow[]> {
  const codec = openRecordCodec('proto')
  const plain = new Redis(url)
  const store = await openRedis({
    target: {
      kind: 'single',
      host: '127.0.0.1',
      port,
      database: 0,
      tls: false,
      username: undefined,
      password: undefined,
    },
    timeouts: { connectTimeoutMs: 1_000, commandTimeoutMs: 1_000 },
    namespace: 'bench',
    ttlSeconds: 3_600,
    ttlJitter: 0,
    random: Math.random,
    protoFolder: 'proto',
    registry: new Registry(),
    clock: systemClock,
    log: makeLog({ level: 'warn' }),
  })
  try {
    for (let number = 0; number < recordCount; number++) {
      const entry = { record: recordOf(number), asOfSeq: seenSeq }
      await plain.set(redisKeyOf(keyOf(number)), codec.encode(entry))
    }
    const recent = makeRecentChanges()
    recent.reached(seenSeq)
    const bounds = { keysMax: 256, batchesMax: 64, waitingMax: 10_000 }
    const findShared = gather(keys => store.records.find(keys), bounds)
    const find = makeSharedFind({
      findShared,
      findStored: async () => undefined,
      put: () => undefined,
      recent,
      metrics: store.metrics,
    })
    const get = (key: string) => plain.getBuffer(redisKeyOf(key))
    return await compareAsks(
      {
        'a plain GET each, not decoded': get,
        'gathered, not decoded': gather(keys => plain.mgetBuffer(...keys.map(redisKeyOf)), bounds),
        'a plain GET each, decoded': async key => codec.decode((await get(key)) as Buffer),
        'gathered, decoded and judged, as the node asks': key => find(key, false),
      },
      { ...load, keyCount: recordCount, keyOf },
    )
  } finally {
    store.close()
    plain.disconnect()
  }
}

function keyOf(number: number): string {
  return `88.118.8/abc-${number}`
}

function redisKeyOf(key: string): string {
  return `qxm:bench:${formatVersion}:${key}`
}

function recordOf(number: number): StoredRecord {
  const values = [1, 2, 3, 4, 5].map(index => {
    const value = `https://example.com/products/${number}/${index}`
    return aValue({ index, type: 'URL', data: { format: 'string', value } })
  })
  return aRecord({ identifier: `88.118.8/ABC-${number}`, values })
}
