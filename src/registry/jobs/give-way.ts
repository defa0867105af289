/** A turn shorter than this had nothing in it: nobody waits. Three cached answers take as long. */
const quietMs = 0.03
/** Of the time of a busy process, bulk work takes one part and everybody else so many. */
const partsOfOthers = 3
/** Longer than bulk work works in one piece: what is more was spent waiting for the store. */
const pieceMsMax = 5

export interface GiveWayParts {
  readonly monotonicMs: () => number
  /** Comes back when everything that was ready has been done. */
  readonly nextTurn: () => Promise<void>
}

/**
 * Made for one piece of bulk work, to be awaited every millisecond or so: lets others have three times as long as the work
 * has taken since, as long as somebody wants it. While nobody does, it costs a turn of the event loop.
 */
export function makeGiveWay({ monotonicMs, nextTurn }: GiveWayParts): () => Promise<void> {
  let since = monotonicMs()

  return async () => {
    let left = partsOfOthers * Math.min(pieceMsMax, monotonicMs() - since)
    for (let took = Number.POSITIVE_INFINITY; left > 0 && took > quietMs; left -= took) {
      const before = monotonicMs()
      await nextTurn()
      since = monotonicMs()
      took = since - before
    }
  }
}
