import type { Registry } from 'prom-client'
import type { SharedFindMetrics, SharedRecords } from '../../resolver/shared-records.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/log.ts'
import { type Bell, makeBell } from './bell.ts'
import { makeRedisMetrics } from './metrics.ts'
import { openRecordCodec } from './record-codec.ts'
import { openRedisLink, type RedisTarget, type RedisTimeouts } from './redis-link.ts'
import { makeRedisRecords, type RedisRecordsParts } from './shared-records.ts'

export interface RedisParts
  extends Pick<RedisRecordsParts, 'namespace' | 'ttlSeconds' | 'ttlJitter' | 'random' | 'log'> {
  readonly target: RedisTarget
  readonly timeouts: RedisTimeouts
  /** The folder `proto` of the installation. */
  readonly protoFolder: string
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Logger
}

/** What a node has of its Redis. */
export interface RedisStore {
  readonly records: SharedRecords
  readonly metrics: SharedFindMetrics
  /** Rings and listens under the namespace. */
  openBell(onRing: (seq: number | undefined) => void): Bell
  /** For readiness: Redis, or one server of a cluster, does not answer, and the store is asked instead. */
  degraded(): 'redis' | undefined
  close(): void
}

/** Opens a node's Redis. Never fails because of Redis: what it cannot say is asked of the store. */
export async function openRedis(parts: RedisParts): Promise<RedisStore> {
  const { target, timeouts, namespace, protoFolder, registry, clock, random } = parts
  const codec = openRecordCodec(protoFolder)
  const link = await openRedisLink(target, timeouts, random)
  const metrics = makeRedisMetrics(registry, () => records.awayCount)
  const deadlineMs = timeouts.commandTimeoutMs
  const records = makeRedisRecords({ ...parts, link, codec, metrics, deadlineMs })

  return {
    records,
    metrics: { judged: verdict => metrics.looked(verdict, 1) },
    openBell: onRing =>
      makeBell({ link, channel: `qxm:${namespace}:changes`, onRing, clock, random }),
    degraded: () => (records.awayCount > 0 ? 'redis' : undefined),
    close: () => records.close(),
  }
}
