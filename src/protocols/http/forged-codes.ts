/**
 * Who guesses enterprise codes. Only codes that cannot have been issued count: real and mistyped ones are ordinary
 * questions, and one address may be a whole factory.
 */
export interface ForgedCodes {
  count(party: string, nowMs: number): void
  /** The milliseconds for which the party may not look up codes; 0 for nearly everybody. */
  blockedMs(party: string, nowMs: number): number
}

export const forgedPerHourMax = 50
export const blockMs = 600_000
const hourMs = 3_600_000

/** More addresses than guess at once; the one that began longest ago is forgotten for a new one. */
const partiesMax = 10_000

interface Guesser {
  readonly sinceMs: number
  guesses: number
  blockedUntilMs: number
}

export function makeForgedCodes(): ForgedCodes {
  /** In the order of `sinceMs`. */
  const guessers = new Map<string, Guesser>()

  return {
    count(party, nowMs) {
      let guesser = guessers.get(party)
      if (
        guesser === undefined ||
        (nowMs - guesser.sinceMs >= hourMs && nowMs >= guesser.blockedUntilMs)
      ) {
        guesser = { sinceMs: nowMs, guesses: 0, blockedUntilMs: 0 }
        guessers.delete(party)
        guessers.set(party, guesser)
        const [oldest] = guessers.keys()
        if (guessers.size > partiesMax && oldest !== undefined) guessers.delete(oldest)
      }
      guesser.guesses += 1
      if (guesser.guesses >= forgedPerHourMax) {
        guesser.guesses = 0
        guesser.blockedUntilMs = nowMs + blockMs
      }
    },

    blockedMs(party, nowMs) {
      if (guessers.size === 0) return 0
      return Math.max(0, (guessers.get(party)?.blockedUntilMs ?? 0) - nowMs)
    },
  }
}
