import type { AnswerArena } from '../../resolver/answer-arena.ts'
import type { AnswerRoom } from '../../resolver/answer-room.ts'
import { envelopeBytes } from './envelope.ts'
import { messageBytesMax } from './limits.ts'

/** A batch with so many bytes is written before anything is added: what a peer reads at once anyway. */
const fullBytes = 65_536

/** Answers that leave in one write, made in bytes that are used again: an answer takes no memory of its own. */
export class AnswerBatch {
  readonly #room: AnswerRoom
  byteCount = 0

  constructor(makeRoom: AnswerArena['makeRoom']) {
    this.#room = makeRoom(fullBytes + envelopeBytes + messageBytesMax)
  }

  /** Has room for any message while the batch is not full. */
  get bytes(): Buffer {
    return this.#room.bytes
  }

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
    this.#room.comeBack()
    this.byteCount = 0
  }

  /** Leaves the bytes to whoever still reads a view of them. @param isRead whether somebody does */
  renew(isRead: () => boolean): void {
    this.#room.leave(isRead)
    this.byteCount = 0
  }
}
