import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { makeBells } from './bells.ts'

export interface ListenerParts {
  /** Where to listen; undefined while no server answers. */
  readonly url: () => string | undefined
  readonly settings: pg.ClientConfig
}

/** The one connection that waits for notifications. */
export interface Listener {
  /**
   * Calls back on every notification of a channel, and with an empty payload when the connection is lost and when it is
   * there again, because some may have been missed.
   */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** A half-open connection says nothing, so it is asked from time to time whether it is still there. */
const heartbeatMs = 5_000
const heartbeatAnswerMsMax = 1_000

/** Between two attempts to connect, growing by doubling. */
const reconnectMs = { first: 250, longest: 5_000 }

/** Connects with the first channel, and keeps connected until it is closed. */
export function makeListener({ url, settings }: ListenerParts): Listener {
  const bells = makeBells()
  const closing = new AbortController()
  let client: pg.Client | undefined
  let firstAttempt: Promise<void> | undefined
  let staying: Promise<void> | undefined

  async function connect(isAgain: boolean): Promise<pg.Client> {
    const target = url()
    if (target === undefined) throw new Error('no server of the store answers')
    const next = new pg.Client({
      ...settings,
      connectionString: target,
      application_name: 'qxm-listener',
    })
    next.on('error', () => undefined)
    next.on('notification', ({ channel, payload = '' }) => bells.ring(channel, payload))
    try {
      await next.connect()
      for (const channel of bells.channels()) await next.query(`listen ${quote(channel)}`)
    } catch (error) {
      void next.end().catch(() => undefined)
      throw error
    }
    if (isAgain) bells.ringAll()
    return next
  }

  /** Connects, waits for the end of the connection, and begins again. */
  async function stayConnected(onAttempt: () => void): Promise<void> {
    let pauseMs = reconnectMs.first
    let wasConnected = false
    while (!closing.signal.aborted) {
      try {
        client = await connect(wasConnected)
        wasConnected = true
        pauseMs = reconnectMs.first
        onAttempt()
        await lost(client)
        if (!closing.signal.aborted) bells.ringAll()
      } catch {
        onAttempt()
      }
      client = undefined
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: closing.signal }).catch(
        () => undefined,
      )
      pauseMs = Math.min(pauseMs * 2, reconnectMs.longest)
    }
  }

  /** Resolves when the connection has ended or no longer answers. */
  function lost(connection: pg.Client): Promise<void> {
    return new Promise(resolve => {
      const beat = setInterval(async () => {
        const question = { text: 'select 1', query_timeout: heartbeatAnswerMsMax }
        await connection.query(question).catch(end)
      }, heartbeatMs)
      function end(): void {
        clearInterval(beat)
        closing.signal.removeEventListener('abort', end)
        void connection.end().catch(() => undefined)
        resolve()
      }
      connection.once('end', end)
      connection.once('error', end)
      closing.signal.addEventListener('abort', end)
      if (closing.signal.aborted) end()
    })
  }

  return {
    async listen(channel, onNotify) {
      const isFirst = bells.add(channel, onNotify)
      firstAttempt ??= new Promise(resolve => {
        staying = stayConnected(resolve)
      })
      await firstAttempt
      // Without a connection now, the next one will listen to every channel there is.
      if (isFirst) await client?.query(`listen ${quote(channel)}`).catch(() => undefined)
      return async () => {
        if (!bells.remove(channel, onNotify)) return
        await client?.query(`unlisten ${quote(channel)}`).catch(() => undefined)
      }
    },

    async close() {
      closing.abort()
      await staying
    },
  }
}

function quote(channel: string): string {
  return pg.escapeIdentifier(channel)
}
