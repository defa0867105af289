import type { SharedEntry, SharedRecords } from '../../resolver/shared-records.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/log.ts'
import { type Breaker, makeBreaker } from './breaker.ts'
import { groupBy } from './group-by.ts'
import type { RedisMetrics } from './metrics.ts'
import { formatVersion, type RecordCodec } from './record-codec.ts'
import type { RedisLink } from './redis-link.ts'

export interface RedisRecordsParts {
  readonly link: RedisLink
  readonly codec: RecordCodec
  /** Keeps stores apart that share a Redis. */
  readonly namespace: string
  readonly ttlSeconds: number
  /** The share of its life by which an entry's end is shortened at most. */
  readonly ttlJitter: number
  /** The most that Redis may add to a request. */
  readonly deadlineMs: number
  readonly clock: Pick<Clock, 'after' | 'every' | 'monotonicMs'>
  /** 0…1, as Math.random. */
  readonly random: () => number
  readonly metrics: RedisMetrics
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export interface RedisRecords extends SharedRecords {
  /** How many servers are not asked now, because they do not answer. */
  readonly awayCount: number
  close(): void
}

const probeEveryMs = 1_000
/** Entries waiting to be written; more come in one tick only when Redis cannot keep up, and are not worth keeping. */
const waitingMax = 4_096
/** Entries in one write: some 150 KB, and a pause for others between two of them. */
const entriesPerWrite = 256
/** A larger record is read from the store each time: a batch of 256 must not become hundreds of megabytes. */
const entryBytesMax = 65_536

interface Waiting {
  readonly key: string
  readonly entry: SharedEntry
}

/**
 * Records in Redis under `qxm:<namespace>:<format>:<key>`. Outdated ones are neither removed nor looked for when
 * something changes: whoever reads one sees by its number that it is late, and writes the new one over it.
 */
export function makeRedisRecords(parts: RedisRecordsParts): RedisRecords {
  const { link, codec, namespace, deadlineMs, clock, metrics, log } = parts
  const breakers = new Map<string, Breaker>()
  /** The key that each server was last asked for. */
  const lastKeys = new Map<string, string>()
  let waiting: Waiting[] = []
  let isScheduled = false
  const probing = clock.every(probeEveryMs, probe)

  function breakerOf(server: string): Breaker {
    const known = breakers.get(server)
    if (known !== undefined) return known
    const breaker = makeBreaker({
      clock,
      deadlineMs,
      ask: () => askAgain(server),
      onChange(state, reason) {
        if (state === 'closed') return log.info({ server }, 'redis answers again')
        const [why, connection] = [messageOf(reason), messageOf(link.lastError)]
        log.warn({ server, why, connection }, 'redis does not answer: going on without')
      },
    })
    breakers.set(server, breaker)
    return breaker
  }

  /** A server may answer a PING and no question: one that is refused or has lost its cluster stays closed off. */
  async function askAgain(server: string): Promise<void> {
    const key = lastKeys.get(server)
    if (key === undefined || link.serverOf(key) !== server) await link.ping(server)
    else await link.getMany([key])
  }

  /** Asks every server that keys live on, and forgets those they no longer live on. */
  function probe(): void {
    const servers = new Set(link.servers())
    for (const server of breakers.keys()) {
      if (servers.has(server)) continue
      breakers.delete(server)
      lastKeys.delete(server)
    }
    for (const server of servers) void breakerOf(server).probe()
  }

  function redisKeyOf(key: string): string {
    return `qxm:${namespace}:${formatVersion}:${key}`
  }

  /** The answers for keys of one server; undefined when there are none to be had. */
  async function read(server: string, redisKeys: readonly string[]) {
    const breaker = breakerOf(server)
    if (!link.isConnected || !breaker.admits) {
      metrics.looked('open', redisKeys.length)
      return undefined
    }
    lastKeys.set(server, redisKeys[0] ?? '')
    const startedAtMs = clock.monotonicMs()
    try {
      const answers = await breaker.run(() => link.getMany(redisKeys))
      metrics.answered('read', (clock.monotonicMs() - startedAtMs) / 1000)
      return answers
    } catch {
      metrics.looked('error', redisKeys.length)
      return undefined
    }
  }

  function entryIn(key: string, bytes: Buffer | null | undefined): SharedEntry | undefined {
    if (bytes == null) {
      metrics.looked(bytes === null ? 'absent' : 'error', 1)
      return undefined
    }
    try {
      const entry = codec.decode(bytes)
      if (isOf(key, entry)) return entry
    } catch {
      // Somebody else's bytes, or damaged ones: they go, or what does not exist would be looked at again and again.
    }
    metrics.looked('junk', 1)
    link.remove(redisKeyOf(key)).catch(() => undefined)
    return undefined
  }

  function schedule(): void {
    if (isScheduled || waiting.length === 0) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      const batch = waiting.slice(0, entriesPerWrite)
      waiting = waiting.slice(entriesPerWrite)
      for (const [server, entries] of groupBy(batch, ({ key }) => link.serverOf(redisKeyOf(key)))) {
        void write(server, entries)
      }
      schedule()
    })
  }

  async function write(server: string, entries: readonly Waiting[]): Promise<void> {
    const breaker = breakerOf(server)
    if (!link.isConnected || !breaker.admits) return metrics.wrote('dropped', entries.length)
    const items = entries
      .map(({ key, entry }) => ({
        key: redisKeyOf(key),
        bytes: codec.encode(entry),
        ttlMs: Math.ceil(parts.ttlSeconds * 1000 * (1 - parts.ttlJitter * parts.random())),
      }))
      .filter(({ bytes }) => bytes.length <= entryBytesMax)
    if (items.length < entries.length) metrics.wrote('dropped', entries.length - items.length)
    if (items.length === 0) return
    const startedAtMs = clock.monotonicMs()
    try {
      const refusedCount = await breaker.run(() => link.setMany(items))
      metrics.answered('write', (clock.monotonicMs() - startedAtMs) / 1000)
      metrics.wrote('refused', refusedCount)
      metrics.wrote('kept', items.length - refusedCount)
    } catch {
      metrics.wrote('error', items.length)
    }
  }

  return {
    async find(keys) {
      const found = new Array<SharedEntry | undefined>(keys.length)
      const asked = keys.map((key, position) => ({ key, position, redisKey: redisKeyOf(key) }))
      const servers = groupBy(asked, ({ redisKey }) => link.serverOf(redisKey))
      await Promise.all(
        [...servers].map(async ([server, ofServer]) => {
          const redisKeys = ofServer.map(({ redisKey }) => redisKey)
          const answers = await read(server, redisKeys)
          answers?.forEach((bytes, at) => {
            const { key, position } = ofServer[at] as (typeof ofServer)[number]
            found[position] = entryIn(key, bytes)
          })
        }),
      )
      return found
    },

    put(key, entry) {
      if (waiting.length >= waitingMax) return metrics.wrote('dropped', 1)
      waiting.push({ key, entry })
      schedule()
    },

    get awayCount() {
      const open = [...breakers.values()].filter(({ isOpen }) => isOpen).length
      return link.isConnected ? open : Math.max(1, open)
    },

    close() {
      probing.cancel()
      waiting = []
      link.close()
    },
  }
}

/** Errors of ioredis carry the command with its arguments, passwords and identifiers among them. */
function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined
}

function isOf(key: string, { record }: SharedEntry): boolean {
  return record.key === key || record.aliases.some(alias => alias.key === key)
}
