import { createHistogram } from 'node:perf_hooks'

/** Found, known not to be there, or anything else. */
export type Outcome = 'found' | 'unknown' | 'refused'

/** What a load came to. */
export interface Loaded {
  readonly answersPerSecond: number
  readonly answerCount: number
  /** Answers that said there is no such identifier. */
  readonly unknownCount: number
  /** Answers that were a refusal, and connections that broke. */
  readonly errorCount: number
  /** Questions over UDP that nobody answered in time. */
  readonly lostCount: number
  /** Questions of a fixed rate that were due and not asked when time was up. */
  readonly overdueCount: number
  readonly bytesPerAnswer: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  /** By percentile, for a curve. */
  readonly latencyMs: readonly (readonly [percentile: number, ms: number])[]
}

/** Counts answers of all connections together. */
export interface Tally {
  /** @param count what one answer is worth, such as the identifiers of a batch */
  answered(outcome: Outcome, byteCount: number, latencyMs: number, count?: number): void
  broken(): void
  lost(): void
  /** @param seconds that the load took */
  result(seconds: number, overdueCount: number): Loaded
}

const curve = [1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100] as const

export function makeTally(): Tally {
  const latencies = createHistogram()
  const counts = { answered: 0, unknown: 0, error: 0, lost: 0, bytes: 0 }
  const percentileMs = (percentile: number) =>
    percentile === 100 ? latencies.max / 1e6 : latencies.percentile(percentile) / 1e6
  return {
    answered(outcome, bytes, latencyMs, count = 1) {
      if (outcome === 'refused') counts.error += count
      if (outcome === 'unknown') counts.unknown += count
      counts.answered += count
      counts.bytes += bytes
      latencies.record(Math.max(1, Math.round(latencyMs * 1e6)))
    },
    broken() {
      counts.error += 1
    },
    lost() {
      counts.lost += 1
    },
    result: (seconds, overdueCount) => ({
      answersPerSecond: counts.answered / seconds,
      answerCount: counts.answered,
      unknownCount: counts.unknown,
      errorCount: counts.error,
      lostCount: counts.lost,
      overdueCount,
      bytesPerAnswer: counts.bytes / Math.max(1, counts.answered),
      p50Ms: percentileMs(50),
      p90Ms: percentileMs(90),
      p99Ms: percentileMs(99),
      p999Ms: percentileMs(99.9),
      maxMs: counts.answered === 0 ? 0 : percentileMs(100),
      latencyMs: curve.map(percentile => [percentile, percentileMs(percentile)] as const),
    }),
  }
}
