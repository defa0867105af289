import type { Redis, RedisOptions } from 'ioredis'
import { linkToCluster } from './cluster-link.ts'
import { linkToServer } from './server-link.ts'

export interface RedisHost {
  readonly host: string
  readonly port: number
}

/** One server, a cluster by some of its nodes, or the master that Sentinels name. */
export type RedisTarget = {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
} & (
  | ({ readonly kind: 'single'; readonly database: number } & RedisHost)
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisHost[] }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisHost[]
      readonly name: string
      readonly database: number
    }
)

/** What to set, for how long. */
export interface RedisItem {
  readonly key: string
  readonly bytes: Buffer
  readonly ttlMs: number
}

/** One Redis, whatever it is made of. */
export interface RedisLink {
  /** False while there is no connection: calls would fail at once. */
  readonly isConnected: boolean
  /** The server a key lives on, by a name of its own. */
  serverOf(key: string): string
  /** Every server that keys live on now. */
  servers(): readonly string[]
  /**
   * @param keys all of one server
   * @returns null where there is nothing, undefined where it could not be had
   * @throws Error when nothing could be had
   */
  getMany(keys: readonly string[]): Promise<readonly (Buffer | null | undefined)[]>
  /**
   * @param items all of one server
   * @returns how many were not set
   * @throws Error when none was
   */
  setMany(items: readonly RedisItem[]): Promise<number>
  remove(key: string): Promise<unknown>
  ping(server: string): Promise<unknown>
  publish(channel: string, message: string): Promise<unknown>
  /** A connection for listening, not connected yet, that does not come back by itself once it is lost. */
  makeListener(): Redis
  /** The last thing that went wrong with a connection, for the log. */
  readonly lastError: unknown
  close(): void
}

export interface RedisTimeouts {
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
}

/** What every connection of a link is made with. The shape of answers is left to ioredis: it decides their types. */
export type ConnectionOptions = BareOptions & {
  readonly retryStrategy: (times: number) => number
}
type BareOptions = Omit<RedisOptions, 'replyMapping' | 'retryStrategy'>

/** A connection that owes an answer for so long is dead, whatever TCP thinks. */
const silenceMsMax = 2_000
/** Finds out within a minute or so that the other end of an idle connection is gone. */
const keepAliveMs = 10_000
/** Between two attempts to connect, growing by doubling, by chance up to half of it shorter. */
const reconnectMs = { first: 50, longest: 1_000 }

/**
 * Connects, and waits for the first attempt's end, good or bad: a node starts without its Redis too. Afterwards the
 * link keeps connected by itself.
 */
export async function openRedisLink(
  target: RedisTarget,
  timeouts: RedisTimeouts,
  random: () => number,
): Promise<RedisLink> {
  const options = optionsOf(target, timeouts, random)
  return target.kind === 'cluster'
    ? linkToCluster(target.nodes, options, random)
    : linkToServer({ ...options, ...addressOf(target, timeouts) })
}

/** Nothing waits: not for a connection, not for an answer, not for a second attempt. */
function optionsOf(
  { tls, username, password }: RedisTarget,
  { connectTimeoutMs, commandTimeoutMs }: RedisTimeouts,
  random: () => number,
): ConnectionOptions {
  return {
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    socketTimeout: silenceMsMax,
    keepAlive: keepAliveMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // A replica that was a master: the connection goes where the master is now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    retryStrategy: (times: number) =>
      Math.min(reconnectMs.first * 2 ** Math.min(times, 10), reconnectMs.longest) *
      (1 - random() / 2),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  }
}

function addressOf(
  target: Exclude<RedisTarget, { kind: 'cluster' }>,
  { connectTimeoutMs, commandTimeoutMs }: RedisTimeouts,
): BareOptions {
  const { database: db } = target
  if (target.kind === 'single') return { host: target.host, port: target.port, db }
  return {
    sentinels: target.sentinels.map(({ host, port }) => ({ host, port })),
    name: target.name,
    db,
    sentinelCommandTimeout: Math.max(connectTimeoutMs, commandTimeoutMs),
    ...(target.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  }
}
