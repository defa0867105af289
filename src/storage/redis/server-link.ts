import { Redis } from 'ioredis'
import { firstAttempt } from './first-attempt.ts'
import { failuresIn } from './pipeline-failures.ts'
import type { ConnectionOptions, RedisLink } from './redis-link.ts'

const onlyServer = 'redis'

/** A link to one server: the one named, or the master that Sentinels name. */
export async function linkToServer(options: ConnectionOptions): Promise<RedisLink> {
  const redis = new Redis(options)
  let lastError: unknown
  redis.on('error', error => {
    lastError = error
  })
  await firstAttempt(redis)

  return {
    get isConnected() {
      return redis.status === 'ready'
    },
    get lastError() {
      return lastError
    },
    serverOf: () => onlyServer,
    servers: () => [onlyServer],
    getMany: async keys => redis.mgetBuffer(...keys),
    async setMany(items) {
      const pipeline = redis.pipeline()
      for (const { key, bytes, ttlMs } of items) pipeline.set(key, bytes, 'PX', ttlMs)
      return failuresIn(await pipeline.exec())
    },
    remove: key => redis.del(key),
    ping: () => redis.ping(),
    publish: (channel, message) => redis.publish(channel, message),
    makeListener: () => new Redis({ ...options, lazyConnect: true, retryStrategy: () => null }),
    close: () => redis.disconnect(),
  }
}
