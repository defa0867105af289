/** What is remembered of the attempts of an account or an address. */
export interface Attempts {
  /** Since the last success; an attempt counts as failed until it has succeeded. */
  readonly failures: number
  readonly lastAtMs: number
}

/** Anybody mistypes. */
const freeFailures = 5
const firstDelayMs = 1_000
/** Long enough that guessing is hopeless, short enough that locking others out is no sport. */
export const accountDelayMsMax = 15 * 60_000
/** A whole factory may share an address. */
export const addressDelayMsMax = 60_000
/** After this long without an attempt all is forgotten. */
const forgottenAfterMs = 24 * 3_600_000

/**
 * After five failures each further one doubles the wait.
 * @returns the milliseconds until the next attempt may be made; 0: now
 */
export function waitMs(attempts: Attempts | undefined, nowMs: number, delayMsMax: number): number {
  if (attempts === undefined || isForgotten(attempts, nowMs)) return 0
  const { failures, lastAtMs } = attempts
  if (failures < freeFailures) return 0
  const delayMs = Math.min(firstDelayMs * 2 ** (failures - freeFailures), delayMsMax)
  return Math.max(0, lastAtMs + delayMs - nowMs)
}

/** Counted before it is known how it ends, so that attempts at the same time do not pass as one. */
export function withAttempt(attempts: Attempts | undefined, nowMs: number): Attempts {
  const before = attempts === undefined || isForgotten(attempts, nowMs) ? 0 : attempts.failures
  return { failures: before + 1, lastAtMs: nowMs }
}

function isForgotten({ lastAtMs }: Attempts, nowMs: number): boolean {
  return nowMs - lastAtMs >= forgottenAfterMs
}

/** The attempts of addresses, in this process. */
export interface AddressDelays {
  /** @returns 0 and counts an attempt, or the milliseconds until one may be made */
  take(address: string, nowMs: number): number
  succeeded(address: string): void
}

/** About 150 bytes each; the address seen longest ago is forgotten first. */
const addressesMax = 20_000

export function makeAddressDelays(): AddressDelays {
  /** In the order of their last attempts. */
  const attempts = new Map<string, Attempts>()

  return {
    take(address, nowMs) {
      const former = attempts.get(address)
      const wait = waitMs(former, nowMs, addressDelayMsMax)
      if (wait > 0) return wait
      attempts.delete(address)
      attempts.set(address, withAttempt(former, nowMs))
      const [oldest] = attempts.keys()
      if (attempts.size > addressesMax && oldest !== undefined) attempts.delete(oldest)
      return 0
    },

    succeeded(address) {
      attempts.delete(address)
    },
  }
}
