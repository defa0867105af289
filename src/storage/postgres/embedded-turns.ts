import { storeAway } from './store-error.ts'

/** Who may ask the one session next: in the order of coming, and nobody but the transaction that has it. */
export interface Turns {
  /** Waits for a turn that holds nobody up. */
  pass<T>(run: () => Promise<T>): Promise<T>
  /** Waits for the session, and has it until the returned function is called. */
  take(): Promise<() => void>
  /** Lets nobody come any more, and waits for those who did, but no longer than so. */
  end(msMax: number): Promise<void>
}

/** Questions and transactions that wait or run: about what the engine does in a second or two. */
const pendingMax = 2_000

export function makeTurns(waitMsMax: number): Turns {
  const waiting: (() => void)[] = []
  let taken = false
  let ended = false
  let pending = 0
  let onIdle: (() => void) | undefined

  function come(start: () => void, fail: (error: Error) => void): void {
    if (ended) {
      fail(storeAway(new Error('the embedded database is closing')))
    } else if (pending >= pendingMax) {
      fail(storeAway(new Error(`${pending} questions wait already`)))
    } else {
      pending++
      if (taken || waiting.length > 0) wait(start, fail)
      else start()
    }
  }

  function wait(start: () => void, fail: (error: Error) => void): void {
    const late = setTimeout(() => {
      waiting.splice(waiting.indexOf(turn), 1)
      leave()
      fail(storeAway(new Error(`no turn at the embedded database in ${waitMsMax} ms`)))
    }, waitMsMax)
    const turn = () => {
      clearTimeout(late)
      start()
    }
    waiting.push(turn)
  }

  function leave(): void {
    pending--
    if (pending === 0) onIdle?.()
  }

  return {
    pass(run) {
      return new Promise((resolve, reject) => {
        come(() => void run().finally(leave).then(resolve, reject), reject)
      })
    },

    take() {
      return new Promise((resolve, reject) => {
        const done = () => {
          taken = false
          while (!taken && waiting.length > 0) waiting.shift()?.()
          leave()
        }
        come(() => {
          taken = true
          resolve(done)
        }, reject)
      })
    },

    async end(msMax) {
      ended = true
      if (pending === 0) return
      await new Promise<void>(resolve => {
        onIdle = resolve
        setTimeout(resolve, msMax).unref()
      })
    },
  }
}
