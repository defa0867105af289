import type { Clock } from '../../../runtime/clock.ts'
import type { Service } from './parts.ts'

/** Which service answers for a prefix, as records of prefixes said, for as long as these may be kept. */
export interface SiteCache {
  /** `undefined`: it is not known here; `service` absent: there is no such prefix. */
  get(prefix: string): { readonly service: Service | undefined } | undefined
  /** @param ttlSeconds 0: not at all */
  set(prefix: string, service: Service | undefined, ttlSeconds: number): void
  delete(prefix: string): void
}

/** Prefixes kept; the one that was learnt first is forgotten. Half of them may be prefixes that do not exist. */
const prefixesMax = 20_000
/** RFC 3651 §3.1 allows more; a prefix that moves is found again within a day. */
const ttlSecondsMax = 86_400

interface Kept {
  readonly service: Service | undefined
  readonly expiresAtMs: number
}

export function makeSiteCache(clock: Pick<Clock, 'monotonicMs'>): SiteCache {
  const known = new Map<string, Kept>()
  /** Apart, so that made-up prefixes drive out no real one. */
  const absent = new Map<string, Kept>()

  return {
    get(prefix) {
      const kept = known.get(prefix) ?? absent.get(prefix)
      return kept !== undefined && kept.expiresAtMs > clock.monotonicMs() ? kept : undefined
    },
    set(prefix, service, ttlSeconds) {
      known.delete(prefix)
      absent.delete(prefix)
      if (ttlSeconds === 0) return
      const lifeMs = Math.min(ttlSeconds, ttlSecondsMax) * 1000
      const kept = { service, expiresAtMs: clock.monotonicMs() + lifeMs }
      const map = service === undefined ? absent : known
      map.set(prefix, kept)
      const [oldest] = map.keys()
      if (map.size > prefixesMax / 2 && oldest !== undefined) map.delete(oldest)
    },
    delete(prefix) {
      known.delete(prefix)
      absent.delete(prefix)
    },
  }
}
