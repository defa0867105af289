import type { Clock, Timer } from '../../../runtime/clock.ts'
import { ServerAway } from './server-away.ts'

/** RFC 8305 §5 recommends this between two attempts to connect. */
const headStartMs = 250

/** Why an attempt is given up that somebody else has won. */
const lost = new Error('another server was faster')

/**
 * Tries candidates side by side, each with a small head start before the next, and at once when the one before failed.
 * @param attempt is to end soon when its signal aborts
 * @returns what the first to succeed gave
 * @throws ServerAway the last one when all have failed; the signal's reason; what else an attempt throws
 */
export function race<Candidate, Result>(
  candidates: readonly Candidate[],
  attempt: (candidate: Candidate, signal: AbortSignal) => Promise<Result>,
  { clock, signal }: { readonly clock: Pick<Clock, 'after'>; readonly signal: AbortSignal },
): Promise<Result> {
  const losers = new AbortController()
  let nextNumber = 0
  let runningCount = 0
  let timer: Timer | undefined

  const result = new Promise<Result>((resolve, reject) => {
    function start(problem: ServerAway): void {
      timer?.cancel()
      const candidate = candidates[nextNumber]
      if (candidate === undefined) {
        if (runningCount === 0) reject(problem)
        return
      }
      nextNumber += 1
      runningCount += 1
      attempt(candidate, losers.signal).then(resolve, error => {
        runningCount -= 1
        if (error instanceof ServerAway) start(error)
        else reject(error)
      })
      timer = clock.after(headStartMs, () => start(problem))
    }

    signal.addEventListener('abort', () => reject(signal.reason), {
      once: true,
      signal: losers.signal,
    })
    if (signal.aborted) reject(signal.reason)
    else start(new ServerAway('there is nobody to ask'))
  })
  return result.finally(() => {
    timer?.cancel()
    losers.abort(signal.aborted ? signal.reason : lost)
  })
}
