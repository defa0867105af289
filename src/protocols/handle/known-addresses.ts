import type { Clock } from '../../runtime/clock.ts'

/** How long an address stays known after its connection has ended. */
const knownForMs = 600_000
const knownMax = 20_000
/** Who connects for each question is not put at the end of the order each time. */
const seenEveryMs = 1_000

/** Addresses that completed a handshake. */
export interface KnownAddresses {
  see(address: string): void
  has(address: string): boolean
}

/** Bounded: the address seen longest ago is forgotten first. */
export function makeKnownAddresses(clock: Pick<Clock, 'monotonicMs'>): KnownAddresses {
  const seenAtMs = new Map<string, number>()
  return {
    see(address) {
      const now = clock.monotonicMs()
      const at = seenAtMs.get(address)
      if (at !== undefined && now - at < seenEveryMs) return
      seenAtMs.delete(address)
      seenAtMs.set(address, now)
      const [oldest] = seenAtMs.keys()
      if (seenAtMs.size > knownMax && oldest !== undefined) seenAtMs.delete(oldest)
    },
    has(address) {
      const at = seenAtMs.get(address)
      return at !== undefined && clock.monotonicMs() - at < knownForMs
    },
  }
}
