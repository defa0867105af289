import { Failure } from '../model/failures.ts'

/** Lets a few costly pieces of work run at a time, and some wait. */
export interface Gate {
  /**
   * Runs `work` when its turn comes, in the order of asking.
   * @throws Failure `OVERLOADED` when as many wait as may
   */
  run<Result>(work: () => Promise<Result>): Promise<Result>
}

/** How much of something costly one process does at once; beyond both bounds it says so and does not wait. */
export interface GateBounds {
  readonly atOnce: number
  readonly waitingMax: number
}

/** What strangers make us compute: two of each kind leave a small machine free to answer. */
export const verifications: GateBounds = { atOnce: 2, waitingMax: 32 }

export function makeGate({ atOnce, waitingMax }: GateBounds): Gate {
  /** Who waits, the first to come first. */
  const waiting: (() => void)[] = []
  let running = 0

  async function enter(): Promise<void> {
    if (running < atOnce) {
      running++
      return
    }
    if (waiting.length >= waitingMax) throw new Failure('OVERLOADED')
    // Whoever leaves hands its place over, so that nobody who comes meanwhile takes it.
    await new Promise<void>(enterNow => waiting.push(enterNow))
  }

  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }

  return {
    async run(work) {
      await enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
