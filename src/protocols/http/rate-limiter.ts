/** Counts many parties in little memory: one array write a request. */
export interface RateLimiter {
  /**
   * Charges `cost` to a party that is not in debt. One second's worth may be spent at once; a cost above it leaves a
   * debt rather than being refused for ever.
   * @returns 0, or the milliseconds after which asking again makes sense
   */
  take(party: string, perSecond: number, nowMs: number, cost?: number): number
  /** The milliseconds for which the party is refused; charges nothing. */
  wait(party: string, perSecond: number, nowMs: number): number
}

/** 2^16 moments of 8 bytes. Two parties may share one (a chance of 1 in 65 536 each): then they share its limit. */
const slotCount = 65_536

/**
 * @param salt random per process, so that nobody can choose an address that shares another's slot
 */
export function makeRateLimiter(salt: number): RateLimiter {
  /** For each slot the moment at which nothing would be owed any more (GCRA, ITU-T I.371). */
  const clearAtMs = new Float64Array(slotCount)

  function slotOf(party: string): number {
    // FNV-1a over the salted text.
    let hash = (2_166_136_261 ^ salt) >>> 0
    for (let i = 0; i < party.length; i++) {
      hash = Math.imul(hash ^ party.charCodeAt(i), 16_777_619)
    }
    return ((hash >>> 16) ^ hash) & (slotCount - 1)
  }

  function overdueMs(slot: number, perSecond: number, nowMs: number): number {
    const owed = (clearAtMs[slot] ?? 0) - nowMs
    const step = 1000 / perSecond
    return owed > burstMs - step ? owed - burstMs + step : 0
  }

  return {
    take(party, perSecond, nowMs, cost = 1) {
      const slot = slotOf(party)
      const waitMs = overdueMs(slot, perSecond, nowMs)
      if (waitMs > 0) return waitMs
      clearAtMs[slot] = Math.max(clearAtMs[slot] ?? 0, nowMs) + (cost * 1000) / perSecond
      return 0
    },
    wait: (party, perSecond, nowMs) => overdueMs(slotOf(party), perSecond, nowMs),
  }
}

const burstMs = 1000
