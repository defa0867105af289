import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** A timer that is waiting; `Symbol.dispose` and `cancel` are the same, and may be called more than once. */
export interface Timer extends Disposable {
  cancel(): void
}

/** Time, as parts are given it: tests hand over one that does not wait (`test/support/clock.ts`). */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC: for what is written down. It may jump. */
  now(): number
  /** Milliseconds since some moment, never backwards: for durations, deadlines and TTLs. */
  monotonicMs(): number
  /** @throws the signal's reason when that aborts first */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls once after `ms`. Does not keep the process alive. */
  after(ms: number, call: () => void): Timer
  /** Calls every `ms`, first after `ms`. Does not keep the process alive. */
  every(ms: number, call: () => void): Timer
}

export const systemClock: Clock = {
  now: Date.now,
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal && { signal })
    } catch (error) {
      throw signal?.reason ?? error
    }
  },
  after(ms, call) {
    const timeout = setTimeout(call, ms).unref()
    return timer(() => clearTimeout(timeout))
  },
  every(ms, call) {
    const interval = setInterval(call, ms).unref()
    return timer(() => clearInterval(interval))
  },
}

function timer(cancel: () => void): Timer {
  return { cancel, [Symbol.dispose]: cancel }
}
