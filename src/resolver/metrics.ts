import { Counter, Gauge, type Registry } from 'prom-client'
import type { Source } from './parts.ts'

export type Outcome = 'answer' | 'referral' | 'unknown' | 'gone'

/** Counts of the resolve path: a plain number grows there, and becomes a metric when somebody looks. */
export interface ResolverMetrics {
  resolved(source: Source, outcome: Outcome): void
  /** The store did not answer a question that memory could not. */
  storeAway(): void
}

export function makeResolverMetrics(registry: Registry, cacheCount: () => number): ResolverMetrics {
  const counts = new Map<Source, Record<Outcome, number>>()
  let storeAwayCount = 0

  new Counter({
    name: 'qxm_resolve_total',
    help: 'Questions resolved, by where the answer came from and what it was',
    labelNames: ['source', 'outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [source, outcomes] of counts) {
        for (const [outcome, count] of Object.entries(outcomes))
          this.inc({ source, outcome }, count)
      }
    },
  })
  new Counter({
    name: 'qxm_resolve_store_away_total',
    help: 'Questions for which the store was asked and did not answer',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(storeAwayCount)
    },
  })
  new Gauge({
    name: 'qxm_cache_entries',
    help: 'Answers and absences in process memory',
    registers: [registry],
    collect() {
      this.set(cacheCount())
    },
  })

  return {
    resolved(source, outcome) {
      const outcomes = counts.get(source)
      if (outcomes !== undefined) outcomes[outcome] += 1
      else counts.set(source, { answer: 0, referral: 0, unknown: 0, gone: 0, [outcome]: 1 })
    },
    storeAway() {
      storeAwayCount += 1
    },
  }
}
