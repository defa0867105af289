/** When an entry begins and ends. Monotonic milliseconds. */
export interface Life {
  readonly madeAtMs: number
  /** Who asks from then on is answered from the entry, and has it loaded anew for those who ask after its end. */
  readonly refreshAtMs: number
  readonly expiresAtMs: number
}

export interface LifeParts {
  readonly clock: { monotonicMs(): number }
  /** 0…1, as Math.random. */
  readonly random: () => number
  /** The share of its life by which an entry's end is shortened at most, so that entries made together do not expire together. */
  readonly ttlJitter: number
}

/**
 * The last part of a life, in which whoever asks shows that the name is asked for often. Of a name that is asked for all the
 * time it costs a ninth of a read more; of others not more than one read a question, as a miss does.
 */
const refreshShare = 0.1

/** A life that begins now and ends within so many seconds. */
export function lifeOf({ clock, random, ttlJitter }: LifeParts, ttlSeconds: number): Life {
  const madeAtMs = clock.monotonicMs()
  const lifeMs = ttlSeconds * 1000 * (1 - ttlJitter * random())
  return {
    madeAtMs,
    refreshAtMs: madeAtMs + lifeMs * (1 - refreshShare),
    expiresAtMs: madeAtMs + lifeMs,
  }
}
