import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite, protocol, type messages as wire } from '@electric-sql/pglite'
import type { Answer, Report, Request, Table, WorkerSetup } from './embedded-messages.ts'
import type { SqlRefusal } from './store-error.ts'

/**
 * The thread in which the embedded engine lives, so that a long statement stalls no socket.
 * It is asked in batches of {@link Request}, answers in {@link Report}s, and runs one statement at a time.
 * It speaks PostgreSQL's own protocol to the engine, because that keeps statements prepared:
 * a point read took 0.05 ms so, and 0.21 ms through `PGlite.query`.
 */

/** Statements kept prepared; the program has about a hundred, so more means somebody builds SQL text. */
const preparedMax = 256

/** Memory for pages: with 128 MB, the default, a reopened store held 281 MB and more, with this 164 MB. */
const sharedBuffers = '16MB'

/** How much log is replayed after a kill, and how far the folder grows between checkpoints; the default is 1 GB. */
const walSizeMax = '128MB'

const { serialize } = protocol

interface Prepared {
  readonly name: string
  readonly columns: readonly string[]
  readonly types: readonly number[]
}

type Messages = readonly wire.BackendMessage[]

const port = parentPort
assert(port, 'this file runs as a worker thread')
const report = (what: Report) => port.postMessage(what)

const engine = await openEngine(workerData as WorkerSetup)
const prepared = new Map<string, Prepared>()
/** The transaction that is open in the engine's one session; 0 is none. */
let openTransaction = 0
/** Batches that wait for the one before them. */
let working: Promise<void> = Promise.resolve()

engine.onNotification((channel, payload) => report({ kind: 'notified', channel, payload }))
port.on('message', (batch: readonly Request[]) => {
  working = working.then(() => answerAll(batch)).catch(breakDown)
})
report({ kind: 'opened' })

async function openEngine({ files }: WorkerSetup): Promise<PGlite> {
  const settings = { shared_buffers: sharedBuffers, max_wal_size: walSizeMax }
  try {
    return await PGlite.create({
      ...(files === undefined ? {} : { dataDir: files }),
      startParams: [
        ...PGlite.defaultStartParams,
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
    })
  } catch (error) {
    report({ kind: 'broken', reason: String(error) })
    throw error
  }
}

/** The engine is not to be trusted after an error of its own: say so and end the thread. */
function breakDown(error: unknown): void {
  report({ kind: 'broken', reason: String(error) })
  port?.close()
  process.exit(1)
}

async function answerAll(batch: readonly Request[]): Promise<void> {
  let answers: Answer[] = []
  const send = () => {
    if (answers.length > 0) report({ kind: 'answers', answers })
    answers = []
  }
  for (const request of batch) {
    if (isLong(request)) send()
    answers.push(await answer(request))
  }
  send()
  if (batch.at(-1)?.kind === 'close') port?.close()
}

/** Answers that are ready do not wait for these. */
function isLong(request: Request): boolean {
  return request.kind === 'copy' || request.kind === 'exec' || request.kind === 'close'
}

async function answer(request: Request): Promise<Answer> {
  const { id } = request
  try {
    if (request.kind !== 'begin' && request.transaction !== openTransaction) {
      // Its BEGIN failed, and outside a transaction the statement would be committed on its own.
      return refused(id, { state: '25P01', message: 'the transaction is not open' })
    }
    switch (request.kind) {
      case 'query':
        return { id, kind: 'table', table: await query(request.sql, request.values) }
      case 'exec':
        return { id, kind: 'done', tag: await exec(request.sql) }
      case 'copy':
        return { id, kind: 'done', tag: await copy(request.sql, request.lines) }
      case 'begin': {
        const tag = await simple('begin')
        openTransaction = request.transaction
        return { id, kind: 'done', tag }
      }
      case 'commit':
      case 'rollback':
        openTransaction = 0
        return { id, kind: 'done', tag: await simple(request.kind) }
      case 'close':
        await engine.close()
        return { id, kind: 'done', tag: 'CLOSE' }
    }
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    return refused(id, refusal)
  }
}

function refused(id: number, refusal: SqlRefusal): Answer {
  return { id, kind: 'refused', refusal }
}

/** An error that the engine says of a statement; none of those after which it would have ended as a process. */
function refusalOf(error: unknown): SqlRefusal | undefined {
  if (!(error instanceof Error) || !('severity' in error)) return undefined
  const { severity, code, message, constraint, table, column } = error as wire.DatabaseError
  if (severity === 'PANIC' || severity === 'FATAL') return undefined
  return { state: code ?? 'XX000', message, constraint, table, column }
}

async function query(sql: string, values: readonly (string | null)[]): Promise<Table> {
  const { name, columns, types } = prepared.get(sql) ?? (await prepare(sql))
  const messages = await talk([
    serialize.bind({ statement: name, values: [...values] }),
    serialize.execute({}),
    serialize.sync(),
  ])
  const cells = messages.filter(isRow).flatMap(row => row.fields)
  return { columns, types, cells }
}

async function prepare(sql: string): Promise<Prepared> {
  const named = prepared.size < preparedMax
  const name = named ? `s${prepared.size}` : ''
  const messages = await talk([
    serialize.parse({ name, text: sql }),
    serialize.describe({ type: 'S', name }),
    serialize.sync(),
  ])
  const fields = messages.find(isDescription)?.fields ?? []
  const statement = {
    name,
    columns: fields.map(field => field.name),
    types: fields.map(field => field.dataTypeID),
  }
  if (named) prepared.set(sql, statement)
  return statement
}

async function exec(sql: string): Promise<string> {
  const tag = await simple(sql)
  if (prepared.size > 0) {
    // It may have changed tables, and then a prepared statement no longer gives the columns we know.
    await simple('deallocate all')
    prepared.clear()
  }
  return tag
}

async function simple(sql: string): Promise<string> {
  return tagOf(await talk([serialize.query(sql)]))
}

/** PGlite offers the lines as a device to COPY from, since its one session has no client to send them. */
async function copy(sql: string, lines: string): Promise<string> {
  const fromDevice = sql.replace(/\bfrom\s+stdin\b/i, `from '/dev/blob'`)
  assert(fromDevice !== sql, 'copy needs "from stdin"')
  const { affectedRows } = await engine.query(fromDevice, [], { blob: new Blob([lines]) })
  return `COPY ${affectedRows ?? 0}`
}

async function talk(parts: readonly Uint8Array[]): Promise<Messages> {
  const messages = await engine.execProtocolStream(Buffer.concat(parts), {
    syncToFs: false,
    throwOnError: false,
  })
  const errors = messages.filter(message => message.name === 'error')
  const [error] = errors
  if (error) throw errors.find(each => refusalOf(each) === undefined) ?? error
  // PGlite swallows what aborts the engine; then this message, the end of every exchange, is missing.
  assert(messages.at(-1)?.name === 'readyForQuery', 'the embedded engine stopped in a statement')
  return messages
}

function isRow(message: wire.BackendMessage): message is wire.DataRowMessage {
  return message.name === 'dataRow'
}

function isDescription(message: wire.BackendMessage): message is wire.RowDescriptionMessage {
  return message.name === 'rowDescription'
}

function tagOf(messages: Messages): string {
  const done = messages.find(message => message.name === 'commandComplete')
  return (done as wire.CommandCompleteMessage | undefined)?.text ?? ''
}
