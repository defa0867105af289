import { envelopeBytes } from './envelope.ts'

/** Bytes of unfinished messages, counted over all connections. */
export interface WaitingBytes {
  byteCount: number
}

/** What came over one connection and is no whole message yet. */
export class Inbox {
  readonly #total: WaitingBytes
  #chunks: Buffer[] = []
  #byteCount = 0
  /** How much must be there before it is worth looking again. */
  #neededBytes = envelopeBytes

  constructor(total: WaitingBytes) {
    this.#total = total
  }

  get isEmpty(): boolean {
    return this.#byteCount === 0
  }

  get isWorthReading(): boolean {
    return this.#byteCount >= this.#neededBytes
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#byteCount += chunk.length
    this.#total.byteCount += chunk.length
  }

  /** Takes everything, in one piece. */
  take(): Buffer {
    const [first] = this.#chunks
    const bytes =
      first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    this.empty()
    return bytes
  }

  /** @param neededBytes what it takes until `rest` is worth reading */
  putBack(rest: Buffer, neededBytes: number): void {
    this.#neededBytes = neededBytes
    if (rest.length > 0) this.add(rest)
  }

  empty(): void {
    this.#total.byteCount -= this.#byteCount
    this.#chunks.length = 0
    this.#byteCount = 0
  }
}
