import type { Change } from '../model/change.ts'

export interface ChangeRows {
  after(since: number, limit: number): Promise<readonly Change[]>
  range(): Promise<{ readonly newest: number; readonly oldest: number }>
}

/** Committed changes for those who follow them from outside: in the order of their numbers, resumable from any kept one. */
export interface ChangeFeed {
  /**
   * @param after numbers above this one; undefined: from the oldest that is kept
   * @returns the changes, the number of the oldest that is kept (the next one to come, where none is), and the newest
   * number that had been given when they were read
   */
  read(
    after: number | undefined,
    limit: number,
  ): Promise<{
    readonly changes: readonly Change[]
    readonly oldest: number
    readonly newest: number
  }>
  /** Resolves when there may be a change above `after`, or as soon as the signal aborts; never rejects. */
  beyond(after: number, signal: AbortSignal): Promise<void>
  /** Wakes those who wait for a number up to this one. */
  ring(newest: number): void
}

export function makeChangeFeed(rows: ChangeRows): ChangeFeed {
  /** Who waits, and for a number above which; a follower each, whose number the door bounds. */
  const waiting = new Map<() => void, number>()
  let newestRung = 0

  return {
    async read(after, limit) {
      const { oldest, newest } = await rows.range()
      return { changes: await rows.after(after ?? oldest - 1, limit), oldest, newest }
    },

    beyond(after, signal) {
      if (newestRung > after || signal.aborted) return Promise.resolve()
      return new Promise(resolve => {
        const wake = () => {
          waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        waiting.set(wake, after)
        signal.addEventListener('abort', wake)
      })
    },

    ring(newest) {
      newestRung = Math.max(newestRung, newest)
      for (const [wake, after] of waiting) if (newestRung > after) wake()
    },
  }
}
