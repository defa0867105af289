import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import type { StoredRecord } from '../../../src/model/record.ts'
import { makeApply, makeChangeFollower } from '../../../src/resolver/follow-changes.ts'
import { gather } from '../../../src/resolver/gather.ts'
import type { Found, Source } from '../../../src/resolver/parts.ts'
import { makeRecentChanges, type NumberedChange } from '../../../src/resolver/recent-changes.ts'
import { makeSharedFind } from '../../../src/resolver/shared-records.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { makeLog } from '../../../src/runtime/log.ts'
import { parseRedisUrl } from '../../../src/runtime/redis-url.ts'
import { openRedis } from '../../../src/storage/redis/open-redis.ts'
import { aResolver } from '../../resolver/a-resolver.ts'
import { aPrefix, aRecord } from '../../support/builders.ts'
import { repositoryFolder } from '../../support/store.ts'

/** The truth of several processes: records, and numbers for what changed. It is always there and always right. */
export interface SmallStore {
  readonly namespace: string
  /** How many keys were asked for. */
  readonly askedCount: number
  /** Replaces the record, or makes it; its first value says its serial. */
  write(identifier: string): number
  /** The serial as it is now; 0 for what does not exist. */
  serialOf(identifier: string): number
  find(keys: readonly string[]): Promise<(Found | undefined)[]>
  readonly feed: {
    after(since: number, limit: number): Promise<readonly NumberedChange[]>
    range(): Promise<{ readonly newest: number; readonly oldest: number }>
  }
}

export function aSmallStore(): SmallStore {
  const records = new Map<string, StoredRecord>()
  const changes: NumberedChange[] = []
  let askedCount = 0
  const serialOf = (identifier: string) => records.get(identifier)?.serial ?? 0

  return {
    namespace: randomBytes(6).toString('hex'),
    get askedCount() {
      return askedCount
    },
    write(identifier) {
      const record = aRecord({ identifier, serial: serialOf(identifier) + 1 })
      records.set(record.key, record)
      const { key, serial } = record
      changes.push({ identifier, serial, keys: [key], seq: changes.length + 1 })
      return serial
    },
    serialOf,
    async find(keys) {
      askedCount += keys.length
      return keys.map(key => {
        const record = records.get(key)
        return record && { record, via: null }
      })
    },
    feed: {
      after: async (since, limit) => changes.slice(since, since + limit),
      range: async () => ({ newest: changes.length, oldest: 1 }),
    },
  }
}

/** A process that answers from memory, Redis and the store, and follows changes. */
export interface Process {
  resolve(identifier: string): Promise<{ readonly serial: number; readonly source: Source }>
  /** Forgets its memory, so that the next question goes further. */
  forgetAll(): void
  /** Reads the changes since it last did. */
  look(): Promise<void>
  /** The values of `qxm_redis_lookups_total`, or of another counter. */
  counts(name?: string): Promise<Record<string, number>>
  degraded(): 'redis' | undefined
  openBell: Awaited<ReturnType<typeof openRedis>>['openBell']
}

export interface ProcessOptions {
  readonly namespace?: string
  readonly ttlSeconds?: number
}

/** @param url as `redis.url` */
export async function aProcess(
  t: Test,
  url: string,
  store: SmallStore,
  { namespace = store.namespace, ttlSeconds = 300 }: ProcessOptions = {},
): Promise<Process> {
  const target = parseRedisUrl(url)
  if (target === undefined) throw new Error(`no Redis URL: ${url}`)
  const registry = new Registry()
  const redis = await openRedis({
    target,
    timeouts: { connectTimeoutMs: 500, commandTimeoutMs: 100 },
    namespace,
    ttlSeconds,
    ttlJitter: 0.1,
    protoFolder: join(repositoryFolder, 'proto'),
    registry,
    clock: systemClock,
    random: Math.random,
    log: makeLog({ level: 'silent' }),
  })
  t.teardown(() => redis.close())

  const recent = makeRecentChanges()
  const feed = recent.watch(store.feed)
  const { records, metrics } = redis
  const find = makeSharedFind({
    findShared: gather(keys => records.find(keys), {
      keysMax: 256,
      batchesMax: 64,
      waitingMax: 10_000,
    }),
    findStored: gather(keys => store.find(keys), {
      keysMax: 256,
      batchesMax: 4,
      waitingMax: 10_000,
    }),
    put: records.put,
    recent,
    metrics,
  })
  const { ask, resolver } = aResolver({ prefixes: [aPrefix('88.118.8')], parts: { find } })
  const follower = await makeChangeFollower({
    feed,
    apply: makeApply({
      refreshDirectory: async () => undefined,
      forget: keys => resolver.forget(keys),
    }),
    startOver: async () => resolver.forgetAll(),
    onSeen: seq => recent.reached(seq),
    onError: error => {
      throw error
    },
    clock: systemClock,
  })
  recent.reached(follower.seen)

  return {
    async resolve(identifier) {
      const { answer, source } = await ask(identifier)
      return { serial: answer.serial, source }
    },
    forgetAll: () => resolver.forgetAll(),
    look: () => follower.look(),
    async counts(name = 'qxm_redis_lookups_total') {
      const metric = await registry.getSingleMetric(name)?.get()
      return Object.fromEntries(
        (metric?.values ?? []).map(({ labels, value }) => [String(labels['result']), value]),
      )
    },
    degraded: redis.degraded,
    openBell: redis.openBell,
  }
}

/** Waits until something is so, and fails when it takes too long. @returns how long it took */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  msMax: number,
): Promise<number> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedAt > msMax) throw new Error(`not so after ${msMax} ms`)
    await systemClock.sleep(20)
  }
  return performance.now() - startedAt
}
