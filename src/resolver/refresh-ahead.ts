import type { Identifier } from '../model/identifier.ts'
import type { Entry } from './answer-cache.ts'
import type { Loader } from './load.ts'
import type { ResolverMetrics } from './metrics.ts'

export interface RefreshAheadParts {
  readonly load: Loader
  readonly metrics: Pick<ResolverMetrics, 'refreshed'>
}

/**
 * To be called with the entry that a question was answered from: has it loaded anew near its end, so that nobody waits for
 * the store because of a name that is asked for often. The entry is answered from meanwhile, to its end and no longer.
 */
export type RefreshAhead = (identifier: Identifier, entry: Entry, nowMs: number) => void

/** Loads ahead at once: a quarter of what travels in one query, so that who waits for an answer goes first. */
const refreshesMax = 64

export function makeRefreshAhead({ load, metrics }: RefreshAheadParts): RefreshAhead {
  /** One attempt each: a store that is away is not asked with every question. */
  const tried = new WeakSet<Entry>()
  let underWayCount = 0

  async function refresh(identifier: Identifier): Promise<void> {
    underWayCount += 1
    try {
      await load(identifier, false)
      metrics.refreshed('done')
    } catch {
      // Whoever asks after the entry's end hears why.
      metrics.refreshed('failed')
    } finally {
      underWayCount -= 1
    }
  }

  return function refreshAhead(identifier, entry, nowMs) {
    if (nowMs < entry.refreshAtMs || entry.record === undefined || tried.has(entry)) return
    if (underWayCount >= refreshesMax) return
    tried.add(entry)
    void refresh(identifier)
  }
}
