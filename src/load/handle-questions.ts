import { encodeQuestion } from '../protocols/handle/client/question-frame.ts'
import { envelopeBytes } from '../protocols/handle/envelope.ts'
import { responseCodes } from '../protocols/handle/response-codes.ts'
import type { DriveParts, Question } from './load.ts'
import type { Pace } from './pace.ts'
import type { Outcome, Tally } from './tally.ts'

const requestIdAt = 8
const responseCodeAt = envelopeBytes + 4
/** Then request ids begin again, long before they leave their 32 bits. */
const roundsMax = 1_000_000

/** The resolutions that are asked, one after another, encoded once. */
export function encodeQuestions(handles: readonly string[]): readonly Question[] {
  return handles.map(handle => ({
    bytes: encodeQuestion({ handle, types: [], recursionCount: 0 }, 0, Date.now()),
    answerCount: 1,
  }))
}

/** The questions one connection has under way: a bounded number of slots, each asking again when it is answered. */
export class QuestionWindow {
  readonly #nextQuestion: () => Question
  readonly #tally: Tally
  readonly #pace: Pace
  readonly #depth: number
  /** Since when each slot's question is due; 0: nothing is under way. */
  readonly #dueAtMs: Float64Array
  /** When it was sent. */
  readonly #sentAtMs: Float64Array
  readonly #requestIds: Uint32Array
  #askedCount = 0

  constructor(
    { nextQuestion, tally, pace }: Pick<DriveParts, 'nextQuestion' | 'tally' | 'pace'>,
    depth: number,
  ) {
    this.#nextQuestion = nextQuestion
    this.#tally = tally
    this.#pace = pace
    this.#depth = depth
    this.#dueAtMs = new Float64Array(depth)
    this.#sentAtMs = new Float64Array(depth)
    this.#requestIds = new Uint32Array(depth)
  }

  /**
   * A question for a slot; request ids say which slot they belong to.
   * @param later called when one is due, when none is now
   * @returns undefined when none is due
   */
  ask(slot: number, later: (slot: number) => void): Buffer | undefined {
    const now = performance.now()
    const dueAtMs = this.#pace.take(now)
    if (dueAtMs === undefined) {
      this.#pace.wait(() => later(slot))
      return undefined
    }
    const frame = Buffer.from(this.#nextQuestion().bytes)
    const round = 1 + (this.#askedCount % roundsMax)
    const requestId = round * this.#depth + slot
    this.#askedCount += 1
    this.#requestIds[slot] = requestId
    this.#dueAtMs[slot] = dueAtMs
    this.#sentAtMs[slot] = now
    frame.writeUInt32BE(requestId, requestIdAt)
    return frame
  }

  /** Counts an answer. @returns the slot that is free now; undefined when nothing like it was asked */
  answered(bytes: Buffer, at: number, end: number): number | undefined {
    if (end - at < responseCodeAt + 4) return undefined
    const requestId = bytes.readUInt32BE(at + requestIdAt)
    const slot = requestId % this.#depth
    const dueAtMs = this.#dueAtMs[slot] as number
    if (this.#requestIds[slot] !== requestId || dueAtMs === 0) return undefined
    this.#dueAtMs[slot] = 0
    const outcome = outcomeOf(bytes.readUInt32BE(at + responseCodeAt))
    this.#tally.answered(outcome, end - at, performance.now() - dueAtMs)
    return slot
  }

  /** Gives up on questions that were sent before. @returns their slots */
  giveUp(beforeMs: number): number[] {
    const late: number[] = []
    for (const [slot, sentAtMs] of this.#sentAtMs.entries()) {
      if (this.#dueAtMs[slot] === 0 || sentAtMs >= beforeMs) continue
      this.#dueAtMs[slot] = 0
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

function outcomeOf(responseCode: number): Outcome {
  if (responseCode === responseCodes.SUCCESS) return 'found'
  return responseCode === responseCodes.HANDLE_NOT_FOUND ? 'unknown' : 'refused'
}
