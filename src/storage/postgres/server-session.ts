import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Parameter, Queries, TransactionQueries } from './database.ts'
import { makeSent } from './sent.ts'
import { errorOfPg, spoilsConnection } from './server-error.ts'
import { parameterToText, parserOf } from './sql-text.ts'

/** How `pg` is told about types: the same table as for the embedded engine. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((typeOid: number) => parserOf(typeOid)) as typeof pg.types.getTypeParser,
}

/** How much longer than the server we wait for the end of a statement; after that the connection is given up. */
export const graceMs = 100

/** A COPY is one statement, however long: it has as much time as a job's slice may take. */
const copyTimeoutMs = 10 * 60_000

/** Rows on their way to the server while the source makes more. */
const copyBufferBytes = 2 ** 20

/** How long the server may leave rows of a COPY unread, or take to finish it after the last. */
const copyStallMs = 30_000

/** One borrowed connection, asked one question after the other. */
export interface Session extends Queries {
  /** What a transaction's work may use, until {@link end}. */
  readonly queries: TransactionQueries
  /**
   * Begins a transaction, once it needs it: a single statement that nobody waits for is one by itself, and leaves at the end.
   * The first questions travel with the beginning; nothing that writes leaves before it is known to hold.
   */
  begin(sql: string): void
  /** Gives the rest of the transaction's statements so long. */
  allow(statementTimeoutMs: number): void
  /** Ends the transaction. @returns what happened, `COMMIT` or `ROLLBACK` */
  end(kind: 'commit' | 'rollback'): Promise<string>
  /** @throws what a statement failed with that was sent and not waited for */
  demandWhole(): Promise<void>
  /** Why the connection must not go back to the pool, if it must not. */
  readonly spoiledBy: unknown
}

export interface SessionParts {
  /** Under which connections keep a statement prepared. */
  readonly nameOf: (sql: string) => string | undefined
  readonly statementTimeoutMs: number
  /** In milliseconds, by the server's clock. */
  readonly serverNow: () => number
}

/** @param client pipelined, unless the session is to copy: it sends each question at once and answers them in order */
export function makeSession(client: pg.Client | pg.PoolClient, parts: SessionParts): Session {
  const { nameOf, serverNow } = parts
  const sent = makeSent()
  let last: Promise<unknown> = Promise.resolve()
  /** How a transaction is to begin as soon as it needs to: one of a single statement is one without it. */
  let beginning: string | undefined
  let heldBack: Parameters<TransactionQueries['send']> | undefined
  let begun: Promise<unknown> | undefined
  let waitingForBegin = 0
  let { statementTimeoutMs } = parts
  let spoiledBy: unknown
  let ended = false

  function inOrder<T>(run: () => Promise<T>, isQuestion: boolean = false): Promise<T> {
    const result = whenItsTurn(run, isQuestion).catch(error => {
      if (spoilsConnection(error)) spoiledBy ??= error
      throw errorOfPg(error)
    })
    // A client that is not pipelined queues questions too, but will not any more in its next version.
    if (!client.pipeline) last = result.catch(() => undefined)
    return result
  }

  async function whenItsTurn<T>(run: () => Promise<T>, isQuestion: boolean): Promise<T> {
    if (!client.pipeline) await last
    else if (begun !== undefined && !(isQuestion && waitingForBegin === 0)) await untilBegun(begun)
    if (spoiledBy !== undefined) throw spoiledBy
    if (client.pipeline) gatherWrites(client)
    return run()
  }

  /** Behind a refused BEGIN each statement would be a transaction of its own. */
  async function untilBegun(begun: Promise<unknown>): Promise<void> {
    waitingForBegin++
    await begun
    waitingForBegin--
  }

  function ask(config: pg.QueryConfig): Promise<pg.QueryResult> {
    const withDeadline = { ...config, query_timeout: statementTimeoutMs + graceMs }
    return inOrder(() => client.query(withDeadline), config.text.startsWith('select '))
  }

  async function copyAll(sql: string, chunks: AsyncIterable<string | Buffer>): Promise<number> {
    const stream = client.query(copyFrom(sql, { highWaterMark: copyBufferBytes }))
    let refusal: unknown
    stream.on('error', error => {
      refusal ??= error
    })
    try {
      for await (const chunk of markFailure(chunks)) {
        if (refusal === undefined && !stream.write(chunk)) await served(stream, 'drain')
        if (refusal !== undefined) break
      }
      if (refusal !== undefined) throw refusal
    } catch (error) {
      // Unless it was the server that refused, it still waits for rows: dropping the connection tells it.
      if (error !== refusal) spoiledBy ??= error
      throw error
    }
    stream.end()
    await served(stream, 'finish')
    return stream.rowCount
  }

  async function control(sql: string): Promise<string> {
    return (await ask({ text: sql })).command
  }

  function run(sql: string, parameters: readonly Parameter[]): Promise<pg.QueryResult> {
    assert(!ended, 'a transaction was used after its end')
    const name = nameOf(sql)
    const values = parameters.map(toWire)
    return ask({ text: sql, values, ...(name === undefined ? {} : { name }) })
  }

  function beginNow(): void {
    if (beginning === undefined) return
    begun = control(beginning)
    beginning = undefined
    sent.add(begun)
    if (heldBack !== undefined) sendNow(...heldBack)
  }

  function sendNow(...[sql, parameters, taken]: Parameters<TransactionQueries['send']>): void {
    sent.add(run(sql, parameters), taken)
  }

  const queries: TransactionQueries = {
    async query<Row extends object>(sql: string, parameters: readonly Parameter[] = []) {
      beginNow()
      const { rows } = await sent.before(run(sql, parameters))
      return rows as Row[]
    },

    send(...statement) {
      assert(!ended, 'a transaction was used after its end')
      if (beginning !== undefined && heldBack === undefined) {
        heldBack = statement
        return
      }
      beginNow()
      sendNow(...statement)
    },

    givenUpAt: () => new Date(serverNow() + statementTimeoutMs),

    async exec(sql) {
      assert(!ended, 'a transaction was used after its end')
      beginNow()
      await sent.before(ask({ text: sql }))
    },

    async copy(sql, chunks) {
      assert(!ended, 'a transaction was used after its end')
      assert(!client.pipeline, 'a transaction that copies says so: { copies: true }')
      beginNow()
      await control(`set local statement_timeout = ${copyTimeoutMs}`)
      const count = await inOrder(() => copyAll(sql, chunks)).catch(error => {
        throw error instanceof SourceFailure ? error.cause : error
      })
      await control(`set local statement_timeout = ${statementTimeoutMs}`)
      return count
    },
  }

  return {
    ...queries,
    queries,

    begin(sql) {
      beginning = sql
    },

    get spoiledBy() {
      return spoiledBy
    },

    allow(ms) {
      beginNow()
      sent.add(control(`set local statement_timeout = ${ms}`))
      statementTimeoutMs = ms
    },

    async end(kind) {
      if (beginning === undefined) {
        ended = true
        return control(kind)
      }
      if (kind === 'commit' && heldBack !== undefined) sendNow(...heldBack)
      ended = true
      await sent.demandWhole()
      return kind.toUpperCase()
    },

    demandWhole: () => sent.demandWhole(),
  }
}

/**
 * What is asked before anything else gets its turn leaves in one write: each write is a system call, and wakes the server
 * for a part of what it is about to be asked.
 */
function gatherWrites(client: pg.Client | pg.PoolClient): void {
  const { stream } = client.connection
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

/** Bytes go as they are, half as long as in text. */
function toWire(parameter: Parameter): string | Buffer | null {
  return Buffer.isBuffer(parameter) ? parameter : parameterToText(parameter)
}

/** Sets the errors of whoever makes the rows apart from those of the connection. */
class SourceFailure {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

async function* markFailure(chunks: AsyncIterable<string | Buffer>) {
  try {
    yield* chunks
  } catch (error) {
    throw new SourceFailure(error)
  }
}

async function served(stream: Writable, event: 'drain' | 'finish'): Promise<void> {
  const late = AbortSignal.timeout(copyStallMs)
  try {
    await once(stream, event, { signal: late })
  } catch (error) {
    if (!late.aborted) throw error
    throw new Error(`the server took no rows of a COPY for ${copyStallMs} ms`, { cause: error })
  }
}

/** More distinct statements than the program has; those beyond are not prepared, so that servers keep no endless list. */
const preparedMax = 256

/** Gives each statement a name under which connections keep it prepared. */
export function makeStatementNames(): (sql: string) => string | undefined {
  const names = new Map<string, string>()
  return sql => {
    const known = names.get(sql)
    if (known !== undefined || names.size >= preparedMax) return known
    const name = `qxm_${names.size}`
    names.set(sql, name)
    return name
  }
}
