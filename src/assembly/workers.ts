import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buildOps } from '../protocols/http/ops.ts'
import type { Readiness } from '../protocols/http/parts.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/log.ts'
import { hostAndPort, type Ready } from '../runtime/ready.ts'
import { makeWorkerMetrics } from './metrics.ts'
import { type Answers, type FromWorker, isOurs, type ToWorker } from './worker-messages.ts'

/** A node of several processes, seen from the one that keeps them. */
export interface Workers extends AsyncDisposable {
  readonly ready: Ready
  /** Rejects when no worker can be kept alive. */
  readonly lost: Promise<never>
  reload(): void
}

export interface WorkersParts {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
}

/** A worker that ends sooner than this after its start has not recovered from anything. */
const immediateMs = 10_000
/** Ends of this kind in a row, with nobody left who answers, after which the node gives up. */
const immediateEndsMax = 5
/** Between the end of a worker and the start of the next, growing by doubling. */
const pauseMs = { first: 100, longest: 30_000 }
/** A worker that is too busy to say how it is counts as not ready. */
const answerMsMax = 1_000

/**
 * Starts `node.workers` processes that share the ports, and keeps them. The first starts alone, because it may have to
 * migrate the store and make keys; a start that fails ends them all.
 * @throws Error when a worker cannot start
 */
export async function startWorkers({ config, log, clock }: WorkersParts): Promise<Workers> {
  const metrics = makeWorkerMetrics(() => askAll('metrics'))
  const readyWorkers = new Set<Worker>()
  const pending = new Map<number, (answer: unknown) => void>()
  let askCount = 0
  let immediateEnds = 0
  let isStarted = false
  let isStopping = false
  let giveUp: (error: Error) => void = () => undefined
  const lost = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  // Whoever waits for it hears of it; during the start nobody does yet.
  lost.catch(() => undefined)

  function start(): Promise<{ worker: Worker; ready: Ready }> {
    const worker = cluster.fork()
    const startedAtMs = clock.monotonicMs()
    worker.once('exit', (code, signal) => ended(worker, startedAtMs, code, signal))
    return new Promise((resolve, reject) => {
      worker.on('message', (message: unknown) => {
        if (!isOurs<FromWorker>(message)) return
        if (message.qxm === 'answer') pending.get(message.id)?.(message.answer)
        else {
          changeReady(() => readyWorkers.add(worker))
          resolve({ worker, ready: message.ready })
        }
      })
      worker.once('exit', () => reject(new Error('a worker could not start: see its own message')))
    })
  }

  function changeReady(change: () => void): void {
    change()
    metrics.ready(readyWorkers.size)
  }

  function ended(worker: Worker, startedAtMs: number, code: number, signal: string | null): void {
    const wasReady = readyWorkers.has(worker)
    changeReady(() => readyWorkers.delete(worker))
    if (isStopping) return
    log.error({ worker: worker.id, pid: worker.process.pid, code, signal }, 'a worker ended')
    if (!isStarted) return
    const isImmediate = !wasReady || clock.monotonicMs() - startedAtMs < immediateMs
    immediateEnds = isImmediate ? immediateEnds + 1 : 0
    if (immediateEnds >= immediateEndsMax && readyWorkers.size === 0) {
      giveUp(new Error(`workers end as soon as they start, ${immediateEnds} in a row: giving up`))
      return
    }
    const waitMs = Math.min(pauseMs.first * 2 ** immediateEnds, pauseMs.longest)
    clock.after(waitMs, replace)
  }

  function replace(): void {
    if (isStopping) return
    metrics.restarted()
    start().then(
      ({ worker }) => log.info({ worker: worker.id, pid: worker.process.pid }, 'a worker is ready'),
      // Its end has been logged, and counted.
      () => undefined,
    )
  }

  function ask<What extends keyof Answers>(
    worker: Worker,
    what: What,
  ): Promise<Answers[What] | undefined> {
    const id = ++askCount
    return new Promise(resolve => {
      const late = clock.after(answerMsMax, () => answered(undefined))
      function answered(answer: unknown): void {
        late.cancel()
        pending.delete(id)
        resolve(answer as Answers[What] | undefined)
      }
      pending.set(id, answered)
      tell(worker, { qxm: 'ask', id, what })
    })
  }

  async function askAll<What extends keyof Answers>(what: What): Promise<Answers[What][]> {
    const answers = await Promise.all([...readyWorkers].map(worker => ask(worker, what)))
    return answers.filter(answer => answer !== undefined)
  }

  async function readiness(): Promise<Readiness> {
    const answers = await askAll('readiness')
    const degraded = new Set(answers.flatMap(each => each.degraded))
    const readyCount = answers.filter(({ ready }) => ready).length
    if (readyCount < config.node.workers) degraded.add('workers')
    return { ready: !isStopping && readyCount > 0, degraded: [...degraded] }
  }

  async function stop(): Promise<void> {
    isStopping = true
    const workers = Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
    await Promise.all(
      workers.map(async worker => {
        const exited = once(worker, 'exit')
        tell(worker, { qxm: 'stop' })
        if (!worker.isDead()) await exited
      }),
    )
  }

  const ops = buildOps({
    readiness,
    registry: metrics.registry,
    limits: config.http,
    publicUrl: () => config.node.publicUrl ?? '',
    log,
  })
  try {
    await ops.listen({ host: config.ops.host, port: config.ops.port })
    const { ready } = await start()
    await Promise.all(Array.from({ length: config.node.workers - 1 }, start))
    isStarted = true
    const { port } = ops.server.address() as AddressInfo
    return {
      ready: { ...ready, ops: `http://${hostAndPort(config.ops.host, port)}` },
      lost,
      reload() {
        for (const worker of readyWorkers) tell(worker, { qxm: 'reload' })
      },
      async [Symbol.asyncDispose]() {
        await stop()
        await ops.close()
      },
    }
  } catch (error) {
    await stop()
    await ops.close()
    throw error
  }
}

/** A worker that is gone needs no message. */
function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined)
}
