import { Counter, Gauge, type Registry } from 'prom-client'
import type { KnownKeysState } from './known-keys.ts'
import type { Source } from './parts.ts'

export type Outcome = 'answer' | 'referral' | 'unknown' | 'gone'

/** Counts of the resolve path: a plain number grows there, and becomes a metric when somebody looks. */
export interface ResolverMetrics {
  /** @param count of questions; 1 unless said otherwise */
  resolved(source: Source, outcome: Outcome, count?: number): void
  /** The store did not answer a question that memory could not. */
  storeAway(): void
  /** An entry that is asked for was loaded anew before its end, or could not be. */
  refreshed(result: 'done' | 'failed'): void
}

/** @returns them, and the sum of all that was resolved */
export function makeResolverMetrics(
  registry: Registry,
  cacheCount: () => number,
): ResolverMetrics & { readonly resolvedCount: number } {
  const counts = new Map<Source, Record<Outcome, number>>()
  const refreshes = { done: 0, failed: 0 }
  let resolvedCount = 0
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
  new Counter({
    name: 'qxm_resolve_refreshes_total',
    help: 'Answers loaded anew before their end because they are asked for, by what became of it',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [result, count] of Object.entries(refreshes)) this.inc({ result }, count)
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
    get resolvedCount() {
      return resolvedCount
    },
    resolved(source, outcome, count = 1) {
      resolvedCount += count
      const outcomes = counts.get(source)
      if (outcomes !== undefined) outcomes[outcome] += count
      else counts.set(source, { answer: 0, referral: 0, unknown: 0, gone: 0, [outcome]: count })
    },
    storeAway() {
      storeAwayCount += 1
    },
    refreshed(result) {
      refreshes[result] += 1
    },
  }
}

/** What of the store's keys is known, read when somebody looks. */
export function makeKnownKeysMetrics(registry: Registry, state: () => KnownKeysState): void {
  new Counter({
    name: 'qxm_known_keys_asked_total',
    help: 'Questions that memory could not answer: spared the store, passed on to it, or passed on unseen (aside)',
    labelNames: ['verdict'],
    registers: [registry],
    collect() {
      const { sparedCount, passedCount, asideCount } = state()
      this.reset()
      this.inc({ verdict: 'spared' }, sparedCount)
      this.inc({ verdict: 'passed' }, passedCount)
      this.inc({ verdict: 'aside' }, asideCount)
    },
  })
  const gauges = {
    qxm_known_keys_used: [
      'Whether keys that the store cannot have are known: 0 while all are read, and while changes may have been missed',
      ({ isUsed }: KnownKeysState) => (isUsed ? 1 : 0),
    ],
    qxm_known_keys: [
      'Keys of records and aliases that are known',
      ({ keyCount }: KnownKeysState) => keyCount,
    ],
    qxm_known_keys_bits_set: [
      'Bits set for them; more than half of all: questions pass that need not',
      ({ bitsSet }: KnownKeysState) => bitsSet,
    ],
    qxm_known_keys_bytes: [
      'Memory they take, one that is being built included',
      ({ byteCount }: KnownKeysState) => byteCount,
    ],
  } as const
  for (const [name, [help, read]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(state()))
      },
    })
  }
}
