/** An answer in its place. */
export interface Place {
  /** Messages that cannot be written before those of earlier places. */
  readonly messages: Buffer[]
  isDone: boolean
  whenFirst: (() => void) | undefined
}

/** Answers of pipelined requests: made in any order, given out in the order of the requests. */
export class AnswerQueue {
  readonly #places: Place[] = []

  get length(): number {
    return this.#places.length
  }

  /** A place behind all others. */
  add(): Place {
    const place = { messages: [], isDone: false, whenFirst: undefined }
    this.#places.push(place)
    return place
  }

  /** An answer that is ready, behind all others. */
  addReady(message: Buffer): void {
    this.#places.push({ messages: [message], isDone: true, whenFirst: undefined })
  }

  isFirst(place: Place): boolean {
    return this.#places[0] === place
  }

  /** Resolves when everything before this place has been given out. */
  untilFirst(place: Place): Promise<void> | undefined {
    if (this.isFirst(place)) return undefined
    return new Promise(resolve => {
      place.whenFirst = resolve
    })
  }

  /** Takes the messages that may be written now. */
  takeReady(): Buffer[] {
    const ready: Buffer[] = []
    for (;;) {
      const [first] = this.#places
      if (first === undefined) return ready
      ready.push(...first.messages.splice(0))
      if (!first.isDone) {
        first.whenFirst?.()
        return ready
      }
      this.#places.shift()
    }
  }
}
