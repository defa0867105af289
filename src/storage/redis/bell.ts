import type { Redis } from 'ioredis'
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { RedisLink } from './redis-link.ts'

export interface BellParts {
  readonly link: Pick<RedisLink, 'makeListener' | 'publish'>
  readonly channel: string
  /**
   * Called with the number that another process (or this one) rang for, and without one after each time the
   * connection was made, because rings may have been missed before.
   */
  readonly onRing: (seq: number | undefined) => void
  readonly clock: Pick<Clock, 'after' | 'every'>
  /** 0…1, as Math.random. */
  readonly random: () => number
}

/** Tells the processes of a store to look for changes. Only a hint: a lost ring costs time, never a change. */
export interface Bell {
  /** Rings for changes up to this number; while a ring is under way, later ones become one. Never throws. */
  ring(seq: number): void
  close(): void
}

const reconnectMs = 500
/** A connection that only listens does not notice that the other end is gone, so it is asked. */
const heartbeatEveryMs = 5_000

export function makeBell({ link, channel, onRing, clock, random }: BellParts): Bell {
  let listener: Redis | undefined
  let reconnecting: Timer | undefined
  let isClosed = false
  let newest: number | undefined
  let isRinging = false
  const heartbeat = clock.every(heartbeatEveryMs, () => {
    // Without an answer the connection ends by its own time limit, and is made again.
    if (listener?.status === 'ready') listener.ping().catch(() => undefined)
  })
  connect()

  function connect(): void {
    const connection = link.makeListener()
    listener = connection
    connection.on('error', () => undefined)
    connection.on('message', (_channel, text) => onRing(Number.parseInt(text, 10) || undefined))
    connection.once('end', () => {
      if (isClosed) return
      reconnecting = clock.after(reconnectMs * (1 - random() / 2), connect)
    })
    connection
      .connect()
      .then(() => connection.subscribe(channel))
      .then(() => onRing(undefined))
      .catch(() => connection.disconnect())
  }

  async function publishNewest(): Promise<void> {
    isRinging = true
    while (newest !== undefined && !isClosed) {
      const seq = newest
      newest = undefined
      await link.publish(channel, String(seq)).catch(() => undefined)
    }
    isRinging = false
  }

  return {
    ring(seq) {
      newest = seq
      if (!isRinging) void publishNewest()
    },

    close() {
      isClosed = true
      heartbeat.cancel()
      reconnecting?.cancel()
      listener?.disconnect()
    },
  }
}
