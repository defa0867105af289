import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { errorOfPg, isReadOnly, spoilsConnection } from './server-error.ts'
import { findPrimary, placeOf } from './server-primary.ts'
import { storeAway } from './store-error.ts'

export interface PoolOptions {
  readonly urls: readonly string[]
  readonly size: number
  readonly settings: pg.ClientConfig
  readonly log: ServerLog | undefined
}

/** The part of a pino logger that is used. */
export interface ServerLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Connections to whichever server is the primary now. */
export interface PrimaryPool {
  /**
   * Lends a connection for as long as `use` runs.
   * @param use tells by `spoil` that the connection must not be used again, and why
   * @throws Failure `STORE_AWAY` at once while no server answers, else when none is free in time
   */
  lend<T>(use: (client: pg.PoolClient, spoil: (error: unknown) => void) => Promise<T>): Promise<T>
  /** Where a connection of one's own should go; undefined while no server answers. */
  url(): string | undefined
  /** How far the server's clock is ahead of ours, at most. */
  aheadMs(): number
  close(): Promise<void>
}

/** How long a question waits for a free connection. */
const acquireMsMax = 500

/** Questions that wait, for each connection there may be. */
const waitingPerConnection = 2

/** Between two searches for the primary: often enough to be back soon, seldom enough to be no burden. */
const searchPauseMs = 500

/** How long a start waits for a server that is starting too. */
const openMsMax = 10_000

/** PostgreSQL 15, below which the SQL is not tried. */
const versionMin = 150_000

/**
 * Opens a pool on the primary. When connections break, time out or refuse to write, the servers are asked
 * again which of them is the primary: meanwhile the connections there are go on being used, but once
 * nobody answers, everyone is refused at once until somebody does.
 */
export async function openPrimaryPool(options: PoolOptions): Promise<PrimaryPool> {
  const { urls, size, settings, log } = options
  let current: { readonly url: string; readonly pool: pg.Pool } | undefined
  let searching: Promise<void> | undefined
  let closed = false
  let aheadMs = 0

  function makePool(url: string): pg.Pool {
    const pool = new pg.Pool({ ...settings, connectionString: url, max: size })
    // An idle connection that breaks is no news: the next question opens another.
    pool.on('error', () => undefined)
    return pool
  }

  function use(url: string | undefined): void {
    void current?.pool.end()
    current = url === undefined ? undefined : { url, pool: makePool(url) }
  }

  /** One search at a time; it goes on until a primary is found. */
  function search(reason: unknown): void {
    if (closed || searching !== undefined) return
    let isReplaced = isReadOnly(reason)
    searching = (async () => {
      do {
        const { best, problems, refusal } = await findPrimary(urls, settings)
        if (closed || (best === undefined && isBusy(refusal))) return
        aheadMs = best?.aheadMs ?? aheadMs
        if (isReplaced || best?.url !== current?.url) {
          use(best?.url)
          isReplaced = false
          if (best) log?.info({ server: placeOf(best.url), standby: best.isStandby }, 'store found')
          else log?.warn({ problems }, 'store away')
        }
        await sleep(searchPauseMs, undefined, { ref: false })
        if (best !== undefined && !best.isStandby) return
      } while (!closed)
    })().finally(() => {
      searching = undefined
    })
  }

  async function acquire(): Promise<pg.PoolClient> {
    if (current === undefined) throw storeAway(new Error('no server of the store answers'))
    const { pool } = current
    if (pool.waitingCount >= size * waitingPerConnection) {
      throw storeAway(new Error(`${pool.waitingCount} questions wait for a connection already`))
    }
    let isLate = false
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isLate = true
        reject(new Error(`no free connection in ${acquireMsMax} ms`))
      }, acquireMsMax)
    })
    const connected = pool.connect().then(client => {
      if (isLate) client.release()
      return client
    })
    return Promise.race([connected, late]).finally(() => clearTimeout(timer))
  }

  await openFirst()

  async function openFirst(): Promise<void> {
    const givenUpAt = performance.now() + openMsMax
    for (;;) {
      const { best, problems, refusal } = await findPrimary(urls, settings)
      if (best !== undefined) {
        demandFit(best.url, best.version, best.encoding)
        aheadMs = best.aheadMs
        use(best.url)
        if (best.isStandby) search(undefined)
        return
      }
      const isHopeless = refusal !== undefined && !refusal.code?.startsWith('57')
      if (isHopeless || performance.now() > givenUpAt) {
        throw new Error(
          `no PostgreSQL server can be used (${problems.join('; ')}): ` +
            'check QXM_DATABASE_URL and that the server runs',
        )
      }
      await sleep(searchPauseMs)
    }
  }

  return {
    async lend(use) {
      const client = await acquire().catch(error => {
        search(error)
        throw errorOfPg(error)
      })
      let spoiledBy: unknown
      client.on('error', spoil)
      function spoil(error: unknown): void {
        spoiledBy ??= error
      }
      try {
        return await use(client, spoil)
      } finally {
        client.off('error', spoil)
        if (spoiledBy !== undefined && spoilsConnection(spoiledBy)) search(spoiledBy)
        client.release(spoiledBy !== undefined)
      }
    },

    url: () => current?.url,
    aheadMs: () => aheadMs,

    async close() {
      if (closed) return
      closed = true
      await current?.pool.end()
    },
  }
}

/** Out of connections, for example: those that we have are as good as before. */
function isBusy(refusal: pg.DatabaseError | undefined): boolean {
  return refusal?.code?.startsWith('53') ?? false
}

function demandFit(url: string, version: number, encoding: string): void {
  if (version < versionMin) {
    throw new Error(`${placeOf(url)} is older than PostgreSQL 15 (${version}): upgrade the server`)
  }
  if (encoding !== 'UTF8') {
    throw new Error(`${placeOf(url)} keeps its text in ${encoding}: create the database with UTF8`)
  }
}
