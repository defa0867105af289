import { Worker } from 'node:worker_threads'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Verdict } from './check-file.ts'

/** A PDF of 5 MB that is nothing but objects, 60 000 of them, takes a second or two where nothing else runs. */
const checkMsMax = 10_000
/** Loading the parser takes half a second, and on a busy machine many times that; it is no fault of the file. */
const startMsMax = 60_000
/** The parser holds a document of 5 MB in a tenth of it. */
const memoryMbMax = 256
/** Files that wait for their turn in this process: each holds its bytes. */
const waitingMax = 8
/** When the queue has moved. */
const retrySeconds = 5

/**
 * Checks files one after the other, each in a thread of its own that is stopped at its deadline: the parser remembers
 * names for ever, so that a thread that was used again would pay for what it has seen.
 * @throws Failure `TOO_MANY` while too many wait
 */
export type FileCheck = (bytes: Buffer) => Promise<Verdict>

export function makeFileCheck(bounds: Partial<CheckBounds> = {}): FileCheck {
  const whole = { checkMsMax, memoryMbMax, ...bounds }
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  return async function check(bytes) {
    if (waiting === waitingMax) throw tooBusy()
    waiting += 1
    const verdict = last.then(() => checkInThread(bytes, whole))
    last = verdict.catch(() => undefined)
    try {
      return await verdict
    } finally {
      waiting -= 1
    }
  }
}

interface CheckBounds {
  readonly checkMsMax: number
  readonly memoryMbMax: number
}

function checkInThread(bytes: Buffer, { checkMsMax, memoryMbMax }: CheckBounds): Promise<Verdict> {
  const worker = new Worker(workerFile(), {
    workerData: bytes,
    name: 'file-check',
    // Neither our environment nor a debugger is for what reads a stranger's file, nor are its words for our log.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: memoryMbMax, maxYoungGenerationSizeMb: 32 },
  })
  return new Promise<Verdict>((resolve, reject) => {
    const late = () => reject(new Error('the thread that checks files does not start'))
    let deadline = setTimeout(late, startMsMax)
    worker.on('message', (verdict: Verdict | null) => {
      if (verdict !== null) return resolve(verdict)
      clearTimeout(deadline)
      deadline = setTimeout(() => resolve({ rule: 'file.tooSlow' }), checkMsMax)
    })
    worker.once('error', error => {
      if (isOutOfMemory(error)) resolve({ rule: 'file.tooComplex' })
      else reject(error)
    })
    worker.once('exit', code => {
      clearTimeout(deadline)
      reject(new Error(`the thread that checks files ended with ${code} and no verdict`))
    })
  }).finally(() => worker.terminate())
}

/** As the file at hand: built, or as it is written. */
function workerFile(): URL {
  return new URL(`./check-worker${import.meta.url.slice(-'.ts'.length)}`, import.meta.url)
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}

function tooBusy(): Failure {
  const detail = say('等待检查的文件过多', 'too many files wait to be checked')
  return new Failure('TOO_MANY', detail, { retryAfterSeconds: retrySeconds })
}
