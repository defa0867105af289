import type { Clock, Timer } from '../../src/runtime/clock.ts'

export interface FakeClock extends Clock {
  /** Lets time pass: everything due on the way is called, in order of time, each at its own moment. */
  advance(ms: number): Promise<void>
  /** How many timers and sleepers wait. */
  readonly waiting: number
}

interface Waiter {
  dueMs: number
  readonly everyMs: number | undefined
  readonly call: () => void
}

/** A clock that stands still until a test moves it. Starts at 2026-11-23T06:00:00Z unless told otherwise. */
export function aClock(startMs: number = Date.UTC(2026, 10, 23, 6)): FakeClock {
  const waiters = new Set<Waiter>()
  let elapsedMs = 0

  function wait(ms: number, everyMs: number | undefined, call: () => void): Timer {
    const waiter: Waiter = { dueMs: elapsedMs + ms, everyMs, call }
    waiters.add(waiter)
    const cancel = () => {
      waiters.delete(waiter)
    }
    return { cancel, [Symbol.dispose]: cancel }
  }

  function nextBy(endMs: number): Waiter | undefined {
    const due = [...waiters].filter(waiter => waiter.dueMs <= endMs)
    return due.sort((one, other) => one.dueMs - other.dueMs)[0]
  }

  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const timer = wait(ms, undefined, resolve)
        signal?.addEventListener('abort', () => {
          timer.cancel()
          reject(signal.reason)
        })
      })
    },
    after: (ms, call) => wait(ms, undefined, call),
    every: (ms, call) => wait(ms, ms, call),
    async advance(ms) {
      const endMs = elapsedMs + ms
      for (let next = nextBy(endMs); next !== undefined; next = nextBy(endMs)) {
        elapsedMs = next.dueMs
        if (next.everyMs === undefined) waiters.delete(next)
        else next.dueMs += next.everyMs
        next.call()
        await settled()
      }
      elapsedMs = endMs
      await settled()
    },
    get waiting() {
      return waiters.size
    },
  }
}

/** After what has been called has run as far as it can without time or I/O. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
