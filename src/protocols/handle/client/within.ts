import type { Clock } from '../../../runtime/clock.ts'
import { ServerAway } from './server-away.ts'

export interface Deadline extends Disposable {
  /** Aborts with a {@link ServerAway} when the time is over, with the outer signal's reason when that aborts. */
  readonly signal: AbortSignal
}

/** A time limit inside another; to be disposed of, so that nothing of it stays behind. */
export function within(clock: Pick<Clock, 'after'>, ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController()
  const timer = clock.after(ms, () => controller.abort(new ServerAway(`no answer in ${ms} ms`)))
  const onAbort = () => controller.abort(outer?.reason)
  if (outer?.aborted) onAbort()
  else outer?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      timer.cancel()
      outer?.removeEventListener('abort', onAbort)
    },
  }
}
