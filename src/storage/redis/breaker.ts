import type { Clock } from '../../runtime/clock.ts'

export interface BreakerParts {
  readonly clock: Pick<Clock, 'after'>
  /** No call is waited for longer than this. */
  readonly deadlineMs: number
  /** A small question to the server: its answer is what closes the breaker again. */
  readonly ask: () => Promise<unknown>
  /** Told when it opens, with the last straw, and when it closes. */
  readonly onChange: (state: 'open' | 'closed', reason?: unknown) => void
}

/** Keeps requests from waiting for a server that does not answer. */
export interface Breaker {
  readonly isOpen: boolean
  /** Whether a call would be made: not while open, nor while too many calls are under way. */
  readonly admits: boolean
  /**
   * Makes a call that {@link admits} allowed.
   * @throws what the work throws, or Error when the deadline has passed
   */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  /** To be called once a second, open or closed: nobody's request is spent on finding out. Never rejects. */
  probe(): Promise<void>
}

/** One late answer is an accident, five in a row are a state. */
const failuresMax = 5
/** Calls under way, those no longer waited for included: one a tick is usual, so this many means that it hangs. */
const callsMax = 32

export function makeBreaker({ clock, deadlineMs, ask, onChange }: BreakerParts): Breaker {
  let failureCount = 0
  let callCount = 0
  let isOpen = false
  let isProbing = false

  function succeed(): void {
    failureCount = 0
  }

  function fail(reason: unknown): void {
    failureCount += 1
    if (isOpen || failureCount < failuresMax) return
    isOpen = true
    onChange('open', reason)
  }

  function close(): void {
    succeed()
    if (!isOpen) return
    isOpen = false
    onChange('closed')
  }

  function withDeadline<Result>(call: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no answer within ${deadlineMs} ms`))
      const timer = clock.after(deadlineMs, late)
      call.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  return {
    get isOpen() {
      return isOpen
    },

    get admits() {
      return !isOpen && callCount < callsMax
    },

    async run(work) {
      callCount += 1
      const call = work().finally(() => {
        callCount -= 1
      })
      try {
        const result = await withDeadline(call)
        succeed()
        return result
      } catch (error) {
        fail(error)
        throw error
      }
    },

    async probe() {
      if (isProbing) return fail(new Error('no answer to the probe before'))
      isProbing = true
      const answer = ask().finally(() => {
        isProbing = false
      })
      await withDeadline(answer).then(close, fail)
    },
  }
}
