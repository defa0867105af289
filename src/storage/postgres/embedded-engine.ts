import { Worker } from 'node:worker_threads'
import type { Answer, Question, Report, Request, WorkerSetup } from './embedded-messages.ts'
import { SqlError, type SqlRefusal, storeAway } from './store-error.ts'

/** One run of the engine in its thread. */
export interface Engine {
  /** @throws SqlError when the engine refuses, Failure `STORE_AWAY` when it has stopped */
  ask(question: Question, transaction: number): Promise<Answer>
  /** Resolves, with the reason, when the engine stops without having been closed. */
  readonly stopped: Promise<Error>
  close(): Promise<void>
}

/** Questions in one message: many enough to make messages few, and few enough that the first need not wait long. */
const batchMax = 64

/** The longest statement, such as a new index over a million rows, takes a fraction of it; an engine that hangs never ends. */
const answerMsMax = 10 * 60_000

const closeMsMax = 10_000

/**
 * Starts the engine's thread. What is asked in one tick travels in one message.
 * @throws Error with what the engine said when it does not open
 */
export async function startEngine(
  setup: WorkerSetup,
  onNotify: (channel: string, payload: string) => void,
): Promise<Engine> {
  const worker = new Worker(workerFile(), { workerData: setup, name: 'embedded-database' })
  const exited = new Promise(resolve => worker.once('exit', resolve))
  const pending = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>()
  let batch: Request[] = []
  let lastId = 0
  let ended: Error | undefined
  let stop: (reason: Error) => void
  const stopped = new Promise<Error>(resolve => {
    stop = resolve
  })

  function flush(): void {
    for (let start = 0; start < batch.length; start += batchMax) {
      worker.postMessage(batch.slice(start, start + batchMax))
    }
    batch = []
  }

  function breakDown(reason: string): void {
    if (ended !== undefined) return
    ended = new Error(`the embedded database stopped: ${reason}`)
    for (const question of pending.values()) question.reject(storeAway(ended))
    pending.clear()
    void worker.terminate()
    stop(ended)
  }

  function take(answer: Answer): void {
    watchdog.refresh()
    const question = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.kind === 'refused') question?.reject(errorOf(answer.refusal))
    else question?.resolve(answer)
  }

  const watchdog = setTimeout(() => {
    if (pending.size > 0) breakDown(`no answer in ${answerMsMax} ms`)
    else watchdog.refresh()
  }, answerMsMax).unref()

  const opened = new Promise<void>(resolve => {
    worker.on('message', (report: Report) => {
      switch (report.kind) {
        case 'opened':
          return resolve()
        case 'answers':
          return report.answers.forEach(take)
        case 'notified':
          return onNotify(report.channel, report.payload)
        case 'broken':
          return breakDown(report.reason)
      }
    })
    worker.on('error', error => breakDown(String(error)))
    worker.on('exit', () => breakDown('its thread ended'))
  })
  const failed = await Promise.race([opened, stopped])
  if (failed !== undefined) {
    throw new Error(
      'the embedded database does not open: see that its disk has space, that its folder is ours, ' +
        'and that a backup is at hand if its files are damaged',
      { cause: failed },
    )
  }

  function ask(question: Question, transaction: number): Promise<Answer> {
    if (ended !== undefined) return Promise.reject(storeAway(ended))
    if (batch.length === 0) queueMicrotask(flush)
    if (pending.size === 0) watchdog.refresh()
    const id = ++lastId
    batch.push({ ...question, id, transaction } as Request)
    return new Promise((resolve, reject) => pending.set(id, { resolve, reject }))
  }

  return {
    ask,
    stopped,
    async close() {
      clearTimeout(watchdog)
      ask({ kind: 'close' }, 0).catch(() => undefined)
      ended ??= new Error('the embedded database is closed')
      const late = setTimeout(() => void worker.terminate(), closeMsMax)
      await exited
      clearTimeout(late)
    },
  }
}

/** The thread's program lies beside this file, as written (`.ts`) or as built (`.js`). */
function workerFile(): URL {
  return new URL(`./embedded-worker${import.meta.url.slice(-'.ts'.length)}`, import.meta.url)
}

/** A full disk refuses statements one by one (53100), and lets them through when there is space again. */
function errorOf(refusal: SqlRefusal): Error {
  const error = new SqlError(refusal)
  return refusal.state.startsWith('53') ? storeAway(error) : error
}
