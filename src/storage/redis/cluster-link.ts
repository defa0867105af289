import { Cluster, Command, Redis } from 'ioredis'
import { firstAttempt } from './first-attempt.ts'
import { groupBy } from './group-by.ts'
import { failuresIn } from './pipeline-failures.ts'
import type { ConnectionOptions, RedisHost, RedisLink } from './redis-link.ts'

/** How long a fail-over that nobody told us of stays unnoticed; a redirection tells us sooner. */
const refreshEveryMs = 2_000
const slotsAnswerMsMax = 500
/** A slot moves once, perhaps twice; more within a deadline is a cluster that does not know itself. */
const redirectionsMax = 3
/** The name for whoever serves a slot that nobody is known to serve. */
const nobody = 'unassigned'

/** A link to a cluster, found by some of its nodes: keys travel by slot, one write for each node. */
export async function linkToCluster(
  nodes: readonly RedisHost[],
  options: ConnectionOptions,
  random: () => number,
): Promise<RedisLink> {
  const { retryStrategy, enableOfflineQueue: _, ...redisOptions } = options
  const cluster = new Cluster(
    nodes.map(({ host, port }) => ({ host, port })),
    {
      redisOptions,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryStrategy,
      slotsRefreshTimeout: slotsAnswerMsMax,
      slotsRefreshInterval: refreshEveryMs,
      maxRedirections: redirectionsMax,
      // A miss costs less than waiting for the next master.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
    },
  )
  let lastError: unknown
  const keepError = (error: unknown) => {
    lastError = error
  }
  cluster.on('error', keepError)
  cluster.on('node error', keepError)
  await firstAttempt(cluster)
  // Connections are made by the first command, which would be late.
  await Promise.all(cluster.nodes('master').map(node => node.ping().catch(() => undefined)))

  return {
    get isConnected() {
      return cluster.status === 'ready'
    },
    get lastError() {
      return lastError
    },
    serverOf: key => cluster.slots[slotOf(key)]?.[0] ?? nobody,
    servers: () => [...new Set(cluster.slots.map(([master = nobody]) => master))],
    async getMany(keys) {
      const slots = [...groupBy(keys, slotOf).values()]
      const pipeline = cluster.pipeline()
      for (const slot of slots) pipeline.mgetBuffer(...slot)
      return valuesIn(await pipeline.exec(), slots, keys)
    },
    async setMany(items) {
      const pipeline = cluster.pipeline()
      for (const { key, bytes, ttlMs } of items) pipeline.set(key, bytes, 'PX', ttlMs)
      return failuresIn(await pipeline.exec())
    },
    remove: key => cluster.del(key),
    async ping(server) {
      const node = cluster
        .nodes()
        .find(({ options }) => `${options.host}:${options.port}` === server)
      if (node === undefined) throw new Error(`not connected to ${server}`)
      return node.ping()
    },
    publish: (channel, message) => cluster.publish(channel, message),
    makeListener() {
      const known = cluster.nodes().map(({ options }) => options)
      const all = known.length > 0 ? known : nodes
      const { host = '', port = 0 } = all[Math.floor(random() * all.length)] ?? {}
      return new Redis({ ...options, host, port, lazyConnect: true, retryStrategy: () => null })
    },
    close: () => cluster.disconnect(),
  }
}

function slotOf(key: string): number {
  return new Command('get', [key]).getSlot() ?? 0
}

/** The answers of one MGET a slot, in the order of the keys; undefined where the slot's failed. */
function valuesIn(
  results: readonly (readonly [Error | null, unknown])[] | null,
  slots: readonly (readonly string[])[],
  keys: readonly string[],
): (Buffer | null | undefined)[] {
  failuresIn(results)
  const found = new Map<string, Buffer | null>()
  for (const [position, [error, values]] of (results ?? []).entries()) {
    const answered = error === null ? (values as (Buffer | null)[]) : []
    for (const [at, value] of answered.entries()) found.set(slots[position]?.[at] ?? '', value)
  }
  return keys.map(key => found.get(key))
}
