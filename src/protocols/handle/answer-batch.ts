import { envelopeBytes } from './envelope.ts'
import { messageBytesMax } from './limits.ts'

/** A batch with so many bytes is written before anything is added: what a peer reads at once anyway. */
const fullBytes = 65_536

/** Answers that leave in one write, made in bytes that are used again: an answer takes no memory of its own. */
export class AnswerBatch {
  /** Has room for any message while the batch is not full. */
  bytes = makeBytes()
  byteCount = 0

  get isFull(): boolean {
    return this.byteCount >= fullBytes
  }

  /** @returns where in `bytes` the next answer, of this length, begins */
  reserve(byteCount: number): number {
    const at = this.byteCount
    this.byteCount += byteCount
    return at
  }

  /** What was added, good until something is added after `clear`. */
  view(): Buffer {
    return this.bytes.subarray(0, this.byteCount)
  }

  /** A copy of what was added from `start` on, which leaves the batch. */
  takeBack(start: number): Buffer {
    const taken = Buffer.from(this.bytes.subarray(start, this.byteCount))
    this.byteCount = start
    return taken
  }

  clear(): void {
    this.byteCount = 0
  }

  /** Leaves the bytes to whoever still reads a view of them. */
  renew(): void {
    this.bytes = makeBytes()
    this.byteCount = 0
  }
}

function makeBytes(): Buffer {
  return Buffer.allocUnsafeSlow(fullBytes + envelopeBytes + messageBytesMax)
}
