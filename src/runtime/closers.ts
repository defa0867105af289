import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from './log.ts'

/** Long enough for what closes by flushing, short enough that a node of ten resources ends within its drain time. */
const closeTimeoutMsDefault = 2_000

interface Closer {
  readonly name: string
  readonly close: () => unknown
  readonly timeoutMs: number
}

export interface Closers extends AsyncDisposable {
  /**
   * Registers what has just been opened. Once closing has begun the resource is closed at once.
   * @param timeoutMs how long its closing may take before the next one is closed; 2 000 unless said
   */
  add(name: string, close: () => unknown, timeoutMs?: number): void
  /**
   * Closes everything, last opened first, one after the other. Never throws: what fails or takes too long is logged
   * and left, so that the stores at the bottom are closed in any case. Calling again gives the same promise.
   * @returns the names of what did not close
   */
  close(): Promise<readonly string[]>
}

/** Collects what has been opened, so that whoever opens several things closes all of them, also when opening fails halfway. */
export function makeClosers(log: Pick<Logger, 'warn'>): Closers {
  const closers: Closer[] = []
  let closing: Promise<readonly string[]> | undefined

  async function closeAll(): Promise<readonly string[]> {
    const failed: string[] = []
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
      if (!(await closeOne(next))) failed.push(next.name)
    }
    return failed
  }

  async function closeOne({ name, close, timeoutMs }: Closer): Promise<boolean> {
    const startedAt = performance.now()
    const giveUp = new AbortController()
    try {
      const late = delay(timeoutMs, undefined, { signal: giveUp.signal }).then(() => {
        throw new Error(`did not close within ${timeoutMs} ms`)
      })
      await Promise.race([Promise.resolve().then(close), late])
      return true
    } catch (error) {
      const durationMs = Math.round(performance.now() - startedAt)
      log.warn({ resource: name, err: error, durationMs }, 'could not close')
      return false
    } finally {
      giveUp.abort()
    }
  }

  function close(): Promise<readonly string[]> {
    closing ??= closeAll()
    return closing
  }

  return {
    add(name, close, timeoutMs = closeTimeoutMsDefault) {
      closers.push({ name, close, timeoutMs })
      if (closing !== undefined)
        closing = closing.then(async failed => [...failed, ...(await closeAll())])
    },
    close,
    async [Symbol.asyncDispose]() {
      await close()
    },
  }
}
