import { join } from 'node:path'
import { gather } from '../resolver/gather.ts'
import type { Found } from '../resolver/parts.ts'
import { makeRecentChanges, type RecentChanges } from '../resolver/recent-changes.ts'
import { makeSharedFind } from '../resolver/shared-records.ts'
import { parseRedisUrl } from '../runtime/redis-url.ts'
import { openRedis, type RedisStore } from '../storage/redis/open-redis.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'

/** Keys in one MGET, and how many of them may be under way; what waits beyond is refused as by the store. */
const gatherBounds = { keysMax: 256, batchesMax: 64, waitingMax: 10_000 }

/** How records are found: in the shared cache where there is one, then in the store. */
export interface RecordFinder {
  readonly find: (key: string, fresh: boolean) => Promise<Found | undefined>
  readonly shared: SharedCache | undefined
}

export interface SharedCache {
  /** Which of its copies are not late. */
  readonly recent: RecentChanges
  readonly redis: RedisStore
}

/** Opens Redis where one is configured. It never fails a start: whatever Redis cannot say is asked of the store. */
export async function openFinder(
  { config, log, clock, closers, metrics, packageFolder }: BuildParts,
  keys: Keys,
  findStored: (key: string) => Promise<Found | undefined>,
): Promise<RecordFinder> {
  const target = parseRedisUrl(config.redis.url ?? '')
  if (target === undefined) return { find: findStored, shared: undefined }

  const redis = await openRedis({
    target,
    timeouts: config.redis,
    // Nodes over one store share their copies, and those of another store never see them.
    namespace: keys.hashApiKey('redis namespace').toString('hex').slice(0, 16),
    ttlSeconds: config.cache.ttlSeconds,
    ttlJitter: config.cache.ttlJitterPercent / 100,
    protoFolder: join(packageFolder, 'proto'),
    registry: metrics,
    clock,
    random: Math.random,
    log,
  })
  closers.add('redis', () => redis.close())
  const recent = makeRecentChanges()
  const find = makeSharedFind({
    findShared: gather(asked => redis.records.find(asked), gatherBounds),
    findStored,
    put: redis.records.put,
    recent,
    metrics: redis.metrics,
  })
  return { find, shared: { recent, redis } }
}
