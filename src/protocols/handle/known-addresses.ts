import type { Clock } from '../../runtime/clock.ts'

/** How long an address stays known after its connection has ended. */
const knownForMs = 600_000
const knownMax = 20_000

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
      seenAtMs.delete(address)
      seenAtMs.set(address, clock.monotonicMs())
      const [oldest] = seenAtMs.keys()
      if (seenAtMs.size > knownMax && oldest !== undefined) seenAtMs.delete(oldest)
    },
    has(address) {
      const at = seenAtMs.get(address)
      return at !== undefined && clock.monotonicMs() - at < knownForMs
    },
  }
}
