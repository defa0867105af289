/** When questions are asked: each as soon as the one before it is answered, or at a rate whatever the answers do. */
export interface Pace {
  /** @returns since when the next question is due; undefined: none is yet. A due one is taken by asking. */
  take(nowMs: number): number | undefined
  /** Calls once, when a question may be due for who found none. */
  wait(call: () => void): void
  /** How many are due and were not taken: nobody was free to ask them. */
  overdue(nowMs: number): number
  stop(): void
}

/** A closed loop: whoever is free asks. It asks the less, the slower the answers are, and hides how long others would wait. */
export function closedLoop(): Pace {
  return {
    take: nowMs => nowMs,
    wait: call => call(),
    overdue: () => 0,
    stop() {},
  }
}

/** Fine enough beside the percentiles that are told, coarse enough to leave the processor to the questions. */
const tickMs = 1

/**
 * An open loop: questions are due at a fixed rate, and one that had to wait until somebody was free counts from when it
 * was due. So a server that stood still for a second is seen to have kept a second's questions waiting.
 */
export function openLoop(perSecond: number, startMs: number): Pace {
  let takenCount = 0
  const waiting: (() => void)[] = []
  const dueAt = (count: number) => startMs + (count * 1000) / perSecond
  const isDue = (nowMs: number) => dueAt(takenCount) <= nowMs
  const ticking = setInterval(() => {
    // Each takes one at most; those that wait again wait for the next tick.
    for (let left = waiting.length; left > 0 && isDue(performance.now()); left--) {
      waiting.shift()?.()
    }
  }, tickMs)

  return {
    take(nowMs) {
      if (!isDue(nowMs)) return undefined
      return dueAt(takenCount++)
    },
    wait(call) {
      waiting.push(call)
    },
    overdue: nowMs =>
      Math.max(0, Math.floor(((nowMs - startMs) * perSecond) / 1000) + 1 - takenCount),
    stop: () => clearInterval(ticking),
  }
}
