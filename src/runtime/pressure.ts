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
  /** Told when it begins and when it ends. */
  readonly onChange?: (why: Pressure['why']) => void
  /** How late the event loop runs, over one sample. @returns milliseconds, the 90th percentile */
  readonly eventLoopDelayMs?: () => number
  /** The used share of the heap's limit, 0…1. */
  readonly heapShare?: () => number
}

/** An answer that waits longer than this for its turn is late for everybody behind it too. */
const eventLoopDelayMsMax = 500
/** Samples in a row: a start, a collection or a neighbour's burst passes by itself, and nobody is refused for it. */
const samplesMin = 3
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
  let lateCount = 0

  function measured(): number {
    const delayMs = (histogram?.percentile(90) ?? 0) / 1e6 - resolutionMs
    histogram?.reset()
    return delayMs
  }

  const tick = parts.clock.every(sampleEveryMs, () => {
    lateCount = eventLoopDelayMs() > eventLoopDelayMsMax ? lateCount + 1 : 0
    const isFull = heapShare() > heapShareMax
    const before = why
    why = isFull ? 'heap' : lateCount >= samplesMin ? 'eventLoop' : undefined
    if (why !== before) parts.onChange?.(why)
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
