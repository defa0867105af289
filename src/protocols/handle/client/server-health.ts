import type { Clock } from '../../../runtime/clock.ts'

/** Which servers did not answer lately, so that not every question waits for a dead one. */
export interface ServerHealth {
  isResting(address: string): boolean
  failed(address: string): void
  answered(address: string): void
}

/** The rest after the first failure; doubled with each further one. */
const restFirstMs = 500
/** A server that is back is found again within this time. */
const restMaxMs = 30_000
/** Servers remembered; the one that failed longest ago is forgotten. */
const serversMax = 2_000

interface Failing {
  readonly count: number
  readonly restsUntilMs: number
}

export function makeServerHealth(clock: Pick<Clock, 'monotonicMs'>): ServerHealth {
  const failing = new Map<string, Failing>()

  return {
    isResting: address => (failing.get(address)?.restsUntilMs ?? 0) > clock.monotonicMs(),
    failed(address) {
      const count = (failing.get(address)?.count ?? 0) + 1
      const restMs = Math.min(restMaxMs, restFirstMs * 2 ** (count - 1))
      failing.delete(address)
      failing.set(address, { count, restsUntilMs: clock.monotonicMs() + restMs })
      const [oldest] = failing.keys()
      if (failing.size > serversMax && oldest !== undefined) failing.delete(oldest)
    },
    answered: address => void failing.delete(address),
  }
}
