/**
 * Bytes in which answers are put together, written, and then the next ones. What the kernel did not take at once is read from
 * there later: until it has been, other bytes serve.
 */
export class AnswerRoom {
  readonly #own: Buffer
  #serving: Buffer
  #isRead = () => false

  constructor(own: Buffer) {
    this.#own = own
    this.#serving = own
  }

  get bytes(): Buffer {
    return this.#serving
  }

  /** Leaves the bytes to whoever still reads them. @param isRead whether somebody does */
  leave(isRead: () => boolean): void {
    if (this.#serving === this.#own) this.#isRead = isRead
    this.#serving = Buffer.allocUnsafeSlow(this.#own.length)
  }

  /** Goes back to its own bytes as soon as nobody reads them. */
  comeBack(): void {
    if (this.#serving !== this.#own && !this.#isRead()) this.#serving = this.#own
  }
}
