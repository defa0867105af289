import { createHistogram } from 'node:perf_hooks'

/** What a load came to. */
export interface Loaded {
  readonly answersPerSecond: number
  readonly answerCount: number
  /** Answers that were a refusal, and connections that broke. */
  readonly errorCount: number
  /** Questions over UDP that nobody answered in time. */
  readonly lostCount: number
  readonly bytesPerAnswer: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

/** Counts answers of all connections together. */
export interface Tally {
  answered(isGood: boolean, byteCount: number, latencyMs: number): void
  broken(): void
  lost(): void
  /** @param seconds that the load took */
  result(seconds: number): Loaded
}

export function makeTally(): Tally {
  const latencies = createHistogram()
  let answerCount = 0
  let byteCount = 0
  let errorCount = 0
  let lostCount = 0
  const percentileMs = (percentile: number) => latencies.percentile(percentile) / 1e6
  return {
    answered(isGood, bytes, latencyMs) {
      if (!isGood) errorCount += 1
      answerCount += 1
      byteCount += bytes
      latencies.record(Math.max(1, Math.round(latencyMs * 1e6)))
    },
    broken() {
      errorCount += 1
    },
    lost() {
      lostCount += 1
    },
    result: seconds => ({
      answersPerSecond: answerCount / seconds,
      answerCount,
      errorCount,
      lostCount,
      bytesPerAnswer: byteCount / Math.max(1, answerCount),
      p50Ms: percentileMs(50),
      p90Ms: percentileMs(90),
      p99Ms: percentileMs(99),
      p999Ms: percentileMs(99.9),
    }),
  }
}
