import { encodeQuestion } from '../client/question-frame.ts'
import { envelopeBytes } from '../envelope.ts'
import { responseCodes } from '../response-codes.ts'
import type { Tally } from './tally.ts'

const requestIdAt = 8
const responseCodeAt = envelopeBytes + 4
/** Then request ids begin again, long before they leave their 32 bits. */
const roundsMax = 1_000_000

/** The resolutions that are asked, one after another, encoded once. */
export function encodeQuestions(handles: readonly string[]): readonly Buffer[] {
  return handles.map(handle =>
    encodeQuestion({ handle, types: [], recursionCount: 0 }, 0, Date.now()),
  )
}

/** The questions one connection has under way: a bounded number of slots, each asking again when it is answered. */
export class QuestionWindow {
  readonly #questions: readonly Buffer[]
  readonly #tally: Tally
  readonly #depth: number
  /** When each slot's question was sent; 0: nothing is under way. */
  readonly #sentAtMs: Float64Array
  readonly #requestIds: Uint32Array
  #askedCount = 0

  constructor(questions: readonly Buffer[], tally: Tally, depth: number) {
    this.#questions = questions
    this.#tally = tally
    this.#depth = depth
    this.#sentAtMs = new Float64Array(depth)
    this.#requestIds = new Uint32Array(depth)
  }

  /** A question for a slot; request ids say which slot they belong to. */
  ask(slot: number): Buffer {
    const question = this.#questions[this.#askedCount % this.#questions.length] as Buffer
    const frame = Buffer.from(question)
    const round = 1 + (this.#askedCount % roundsMax)
    const requestId = round * this.#depth + slot
    this.#askedCount += 1
    this.#requestIds[requestId % this.#depth] = requestId
    this.#sentAtMs[requestId % this.#depth] = performance.now()
    frame.writeUInt32BE(requestId, requestIdAt)
    return frame
  }

  /** Counts an answer. @returns the slot that is free now; undefined when nothing like it was asked */
  answered(bytes: Buffer, at: number, end: number): number | undefined {
    if (end - at < responseCodeAt + 4) return undefined
    const requestId = bytes.readUInt32BE(at + requestIdAt)
    const slot = requestId % this.#depth
    const sentAtMs = this.#sentAtMs[slot] as number
    if (this.#requestIds[slot] !== requestId || sentAtMs === 0) return undefined
    this.#sentAtMs[slot] = 0
    const isGood = bytes.readUInt32BE(at + responseCodeAt) === responseCodes.SUCCESS
    this.#tally.answered(isGood, end - at, performance.now() - sentAtMs)
    return slot
  }

  /** Gives up on questions that were sent before. @returns their slots */
  giveUp(beforeMs: number): number[] {
    const late: number[] = []
    for (const [slot, sentAtMs] of this.#sentAtMs.entries()) {
      if (sentAtMs === 0 || sentAtMs >= beforeMs) continue
      this.#sentAtMs[slot] = 0
      this.#tally.lost()
      late.push(slot)
    }
    return late
  }

  /** Every slot, to begin with. */
  slots(): number[] {
    return Array.from({ length: this.#depth }, (_, slot) => slot)
  }
}
