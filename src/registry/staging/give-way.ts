/**
 * What a piece keeps busy. `pieceMsMax`: how long it is at most; what is more was spent waiting, of the process for rows or
 * the store, of the store for somebody's lock. `partsOfOthers`: of the time in which others ask, bulk work takes one part and
 * leaves so many, so that an eighth or a quarter is its least share. A process has one thread, and what it reads and sends for
 * bulk work meanwhile is in no piece; a store takes a processor beside.
 */
const ways = {
  process: { pieceMsMax: 5, partsOfOthers: 7 },
  store: { pieceMsMax: 2_000, partsOfOthers: 3 },
} as const
/** No timer is shorter. */
const restMsMin = 1
/** Whoever asks so little takes a twentieth of a processor, and finds it between the pieces. */
const answersPerMsMin = 5
/** When few have asked, they are not waited for again so soon: what is lost by waiting is a twentieth then. */
const unaskedMs = 25

/** Rows checked in one piece: less than a millisecond. */
export const rowsPerTurn = 50

/**
 * To be awaited behind each piece of bulk work, but not within a transaction: who keeps locks, or the embedded store, would make
 * others wait for the rest too.
 * @param signal ends the rest
 */
export type GiveWay = (signal?: AbortSignal) => Promise<void>

/** @param busy what the pieces keep busy */
export type MakeGiveWay = (busy: keyof typeof ways) => GiveWay

export interface GiveWayParts {
  readonly monotonicMs: () => number
  /** Comes back when everything that was ready has been done. */
  readonly nextTurn: () => Promise<void>
  /** @throws when the signal says so */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Answers this process has given. */
  readonly answerCount: () => number
}

/**
 * Made for one line of bulk work: lets those who ask have several times as long as the work took. It rests for that, because the
 * processors are wanted too, by the store and by who asks; and no longer than there are answers. While nobody asks, it costs
 * a turn of the event loop.
 */
export function makeGiveWay(
  { monotonicMs, nextTurn, sleep, answerCount }: GiveWayParts,
  busy: keyof typeof ways,
): GiveWay {
  const { pieceMsMax, partsOfOthers } = ways[busy]
  let since = monotonicMs()
  let seenCount = answerCount()
  let unaskedUntil = since

  /** @returns whether they wanted it to the end */
  async function rest(tookMs: number, signal?: AbortSignal): Promise<boolean> {
    let left = partsOfOthers * tookMs
    while (left > 0) {
      const [before, countBefore] = [monotonicMs(), answerCount()]
      await sleep(Math.max(restMsMin, tookMs), signal).catch(() => undefined)
      if (signal?.aborted) return true
      const rested = monotonicMs() - before
      if (answerCount() - countBefore < answersPerMsMin * rested) return false
      left -= rested
    }
    return true
  }

  return async signal => {
    const tookMs = Math.min(pieceMsMax, monotonicMs() - since)
    await nextTurn()
    const isAsked = answerCount() > seenCount && monotonicMs() >= unaskedUntil
    const isWanted = isAsked ? await rest(tookMs, signal) : true
    since = monotonicMs()
    seenCount = answerCount()
    if (!isWanted) unaskedUntil = since + unaskedMs
  }
}
