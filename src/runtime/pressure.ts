import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Clock } from './clock.ts'

export interface Pressure {
  /** What there is too little of right now; undefined while there is enough of everything. */
  readonly why: 'eventLoop' | 'heap' | undefined
  close(): void
}

export interface PressureParts {
  readonly clock: Clock
  /** How late the event loop runs, over one sample. @returns milliseconds, the 90th percentile */
  readonly eventLoopDelayMs?: () => number
  /** The used share of the heap's limit, 0…1. */
  readonly heapShare?: () => number
}

/** An answer that waits longer than this for its turn is late for everybody behind it too. */
const eventLoopDelayMsMax = 400
/** Above it the collector works more than the program; far enough below the end to shed and recover. */
const heapShareMax = 0.85
const sampleEveryMs = 500
/** How often the delay is measured; it is part of what is measured. */
const resolutionMs = 20

/** Watches what a process runs out of first, so that it can refuse new work before it fails at all of it. */
export function watchPressure(parts: PressureParts): Pressure {
  const histogram =
    parts.eventLoopDelayMs === undefined
      ? monitorEventLoopDelay({ resolution: resolutionMs })
      : undefined
  histogram?.enable()
  const { eventLoopDelayMs = measured, heapShare = usedHeapShare } = parts
  let why: Pressure['why']

  function measured(): number {
    const delayMs = (histogram?.percentile(90) ?? 0) / 1e6 - resolutionMs
    histogram?.reset()
    return delayMs
  }

  const tick = parts.clock.every(sampleEveryMs, () => {
    const isLate = eventLoopDelayMs() > eventLoopDelayMsMax
    const isFull = heapShare() > heapShareMax
    why = isFull ? 'heap' : isLate ? 'eventLoop' : undefined
  })

  return {
    get why() {
      return why
    },
    close() {
      tick.cancel()
      histogram?.disable()
    },
  }
}

function usedHeapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return used / limit
}
