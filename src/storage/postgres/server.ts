import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Failure } from '../../model/failures.ts'
import type { Database, TransactionOptions, TransactionQueries } from './database.ts'
import { errorOfPg, isConflict, isRefusal } from './server-error.ts'
import { makeListener } from './server-listener.ts'
import { openPrimaryPool, type ServerLog } from './server-pool.ts'
import { graceMs, makeSession, makeStatementNames, type Session, types } from './server-session.ts'
import { outcomeUnknown, SqlError, storeAway } from './store-error.ts'

export interface ServerOptions {
  /** `postgres://…`; of several the primary is found by asking. */
  readonly urls: readonly string[]
  readonly log?: ServerLog
  /** Connections for questions, not counting the one that listens. */
  readonly poolSize?: number
  /** How long one statement may take, unless a transaction asks for more. */
  readonly statementTimeoutMs?: number
}

const poolSizeDefault = 10
const statementTimeoutMsDefault = 900
const connectTimeoutMs = 1_000

/** The server ends a transaction whose process froze, before its locks hold up everybody else. */
const idleInTransactionMsMax = 30_000

/** Silence after which the kernel asks whether the other end is still there. */
const keepAliveDelayMs = 5_000

/** Times a transaction is run again after a conflict. */
const retriesMax = 3
const retryPauseMsMax = 50

/**
 * Opens a PostgreSQL server as the store. Everything has a deadline, and lost connections are ordinary:
 * while no server answers, every question fails at once with `STORE_AWAY`, and the next one after
 * a server is back succeeds.
 * @throws Error with advice when no server can be used within 10 s
 */
export async function openServer(options: ServerOptions): Promise<Database> {
  const { urls, log, poolSize = poolSizeDefault } = options
  const { statementTimeoutMs = statementTimeoutMsDefault } = options
  const settings = {
    types,
    application_name: 'qxm',
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
  }
  const pool = await openPrimaryPool({
    urls,
    size: poolSize,
    settings: { ...settings, pipeline: true },
    log,
  })
  const listener = makeListener({
    url: pool.url,
    settings: { ...settings, query_timeout: statementTimeoutMs + graceMs },
  })
  const sessionParts = {
    nameOf: makeStatementNames(),
    statementTimeoutMs,
    serverNow: () => Date.now() + pool.aheadMs(),
  }

  function inSession<T>(run: (session: Session) => Promise<T>): Promise<T> {
    return pool.lend(async (client, spoil) => {
      const session = makeSession(client, sessionParts)
      try {
        return await run(session)
      } finally {
        if (session.spoiledBy !== undefined) spoil(session.spoiledBy)
      }
    })
  }

  /** Copying is rare and takes long beside the making of a connection. */
  async function inOwnSession<T>(run: (session: Session) => Promise<T>): Promise<T> {
    const url = pool.url()
    // Without one `pg` would take the server that the environment names, or the one on this machine.
    if (url === undefined) throw storeAway(new Error('no server of the store answers'))
    const client = new pg.Client({ ...settings, connectionString: url })
    // It is told by the statement under way.
    client.on('error', () => undefined)
    try {
      await client.connect().catch(error => {
        throw errorOfPg(error)
      })
      return await run(makeSession(client, sessionParts))
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  function transactionOnce<T>(
    work: (queries: TransactionQueries) => Promise<T>,
    { statementTimeoutMs, copies = false }: TransactionOptions = {},
  ): Promise<T> {
    const inIt = copies ? inOwnSession : inSession
    return inIt(session => runTransaction(session, work, statementTimeoutMs))
  }

  return {
    engine: 'postgres',
    query: (sql, parameters) =>
      retryConflicts(() => inSession(session => session.query(sql, parameters))),
    exec: sql => inSession(session => session.exec(sql)),
    transaction: (work, more) => retryConflicts(() => transactionOnce(work, more)),
    // Not repeated after a conflict, since the chunks are gone.
    copy: (sql, chunks) => transactionOnce(queries => queries.copy(sql, chunks), { copies: true }),
    listen: listener.listen,
    async close() {
      await listener.close()
      await pool.close()
    },
  }
}

async function runTransaction<T>(
  session: Session,
  work: (queries: TransactionQueries) => Promise<T>,
  statementTimeoutMs: number | undefined,
): Promise<T> {
  session.begin('begin isolation level read committed')
  let result: T
  try {
    if (statementTimeoutMs !== undefined) session.allow(statementTimeoutMs)
    result = await work(session.queries)
  } catch (error) {
    await session.end('rollback').catch(() => undefined)
    throw error
  }
  await commit(session)
  return result
}

async function commit(session: Session): Promise<void> {
  const tag = await session.end('commit').catch(error => {
    // What the server refuses and lives on is rolled back; anything else leaves the end unknown.
    if (session.spoiledBy === undefined || isRefusal(session.spoiledBy)) throw error
    throw storeAway(error instanceof Failure ? error.cause : error, outcomeUnknown)
  })
  // Also behind a COMMIT: a statement that never reached the server leaves the transaction good, and its write out.
  await session.demandWhole()
  if (tag === 'COMMIT') return
  throw new SqlError({
    state: '25P02',
    message: 'a statement failed, its error was swallowed, and the transaction was rolled back',
  })
}

/** Runs again what lost a race against another transaction. */
async function retryConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isConflict(error)) throw error
      if (retries === retriesMax) throw storeAway(error)
      await sleep(Math.random() * retryPauseMsMax * 2 ** retries)
    }
  }
}
