import { access, mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Bells, makeBells } from './bells.ts'
import type { Database, TransactionQueries } from './database.ts'
import { type Engine, startEngine } from './embedded-engine.ts'
import { makeQueries } from './embedded-queries.ts'
import { runTransaction } from './embedded-transaction.ts'
import { makeTurns } from './embedded-turns.ts'
import { lockFolder } from './folder-lock.ts'
import { storeAway } from './store-error.ts'

export interface EmbeddedOptions {
  /** The data folder, made and locked here; the database lies in `database` inside it. Undefined: in memory. */
  readonly folder: string | undefined
  readonly log?: EmbeddedLog
  /** How long a question waits for the transaction before it. */
  readonly waitMsMax?: number
}

/** The part of a pino logger that is used. */
export interface EmbeddedLog {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

const waitMsMaxDefault = 5_000

const closeMsMax = 10_000

/** A new database takes 39 MB, and its log grows by 16 MB at a time. The engine aborts when it opens on a full disk. */
const freeBytesMin = { new: 128 * 2 ** 20, existing: 48 * 2 ** 20 }

/** Between two attempts to start a stopped engine again, growing by doubling. */
const restartMs = { first: 500, longest: 30_000 }

/**
 * Opens the embedded engine: PGlite in one worker thread. It survives a killed process but not a power
 * cut, because it never calls fsync.
 *
 * The engine has one session. Questions are asked in the order they come; a transaction holds the session
 * until it ends, and the others wait. So a question to the database itself from inside a transaction's
 * work would wait for its own end: it fails after `waitMsMax`. `statementTimeoutMs` has no effect.
 *
 * An engine that stops (a full disk makes it panic) is started again, on the files that a killed process
 * would leave; meanwhile everything fails with `STORE_AWAY`.
 * @throws FolderTaken when another process holds the folder; Error with advice when the disk is full
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Database> {
  const { folder, log, waitMsMax = waitMsMaxDefault } = options
  const lock = folder === undefined ? undefined : await lockFolder(folder)
  const files = folder === undefined ? undefined : join(folder, 'database')
  const bells = makeBells()
  const turns = makeTurns(waitMsMax)
  const keeper = await keepEngine(files, bells, log).catch(async error => {
    await lock?.release()
    throw error
  })
  let transactionCount = 0
  let closing: Promise<void> | undefined

  const questions = makeQueries(question => turns.pass(() => keeper.engine().ask(question, 0)))

  async function transaction<T>(work: (queries: TransactionQueries) => Promise<T>): Promise<T> {
    const done = await turns.take()
    let engine: Engine
    try {
      engine = keeper.engine()
    } catch (error) {
      done()
      throw error
    }
    return runTransaction(engine, ++transactionCount, work, done)
  }

  async function close(): Promise<void> {
    await turns.end(closeMsMax)
    await keeper.close()
    await lock?.release()
  }

  return {
    engine: 'embedded',
    ...questions,
    transaction,
    copy: (sql, chunks) => transaction(queries => queries.copy(sql, chunks)),

    async listen(channel, onNotify) {
      if (bells.add(channel, onNotify)) {
        await questions.exec(listenSql(channel)).catch(error => {
          bells.remove(channel, onNotify)
          throw error
        })
      }
      return async () => {
        const wasLast = bells.remove(channel, onNotify)
        if (wasLast && closing === undefined) {
          await questions.exec(`unlisten ${pg.escapeIdentifier(channel)}`)
        }
      }
    },

    close() {
      closing ??= close()
      return closing
    },
  }
}

function listenSql(channel: string): string {
  return `listen ${pg.escapeIdentifier(channel)}`
}

/** The running engine, started again whenever it stops. */
interface Keeper {
  /** @throws Failure `STORE_AWAY` while none runs */
  engine(): Engine
  close(): Promise<void>
}

async function keepEngine(
  files: string | undefined,
  bells: Bells,
  log: EmbeddedLog | undefined,
): Promise<Keeper> {
  const closing = new AbortController()
  let current: Engine | undefined
  let reason: unknown
  let restarting: Promise<void> | undefined

  async function start(): Promise<void> {
    if (files !== undefined) await makeReady(files)
    const engine = await startEngine({ files }, bells.ring)
    for (const channel of bells.channels()) {
      await engine.ask({ kind: 'exec', sql: listenSql(channel) }, 0)
    }
    current = engine
    engine.stopped.then(error => {
      current = undefined
      reason = error
      log?.error({ err: error }, 'embedded database stopped')
      // What was in memory is gone: a new engine would be another database.
      if (files !== undefined) restarting = restart()
    })
  }

  async function restart(): Promise<void> {
    for (let pauseMs = restartMs.first; ; pauseMs = Math.min(2 * pauseMs, restartMs.longest)) {
      await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined)
      if (closing.signal.aborted) return
      try {
        await start()
        log?.info({}, 'embedded database started again')
        return bells.ringAll()
      } catch (error) {
        reason = error
        log?.error({ err: error }, 'embedded database does not start')
      }
    }
  }

  await start()
  return {
    engine() {
      if (current === undefined) throw storeAway(reason)
      return current
    },
    async close() {
      closing.abort()
      await restarting
      await current?.close()
    },
  }
}

async function makeReady(files: string): Promise<void> {
  const isNew = await access(join(files, 'PG_VERSION')).then(
    () => false,
    () => true,
  )
  await demandSpace(files, isNew)
  // An engine that has made a database keeps the 480 MB that it took. Its thread gives them back, and opening takes 0.15 s.
  if (isNew) await (await startEngine({ files }, () => undefined)).close()
}

async function demandSpace(files: string, isNew: boolean): Promise<void> {
  await mkdir(files, { recursive: true, mode: 0o700 })
  const { bavail, bsize } = await statfs(files)
  const bytesMin = isNew ? freeBytesMin.new : freeBytesMin.existing
  if (bavail * bsize >= bytesMin) return
  throw new Error(
    `the disk of ${files} has ${megabytes(bavail * bsize)} free, and the embedded database needs ` +
      `${megabytes(bytesMin)} to open: free some space (nothing is lost)`,
  )
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MB`
}
