import type { Form } from '../negotiate.ts'
import { writeFew } from './answer-bytes.ts'

/** How a form puts answers one behind the other, each with what was asked. Each step writes, and returns where it ends. */
export interface Joint {
  /** Bytes of a batch beside those of its entries. */
  readonly around: number
  /** Bytes of one entry. */
  entryBytes(asked: number, answer: number): number
  begin(into: Buffer, at: number): number
  beforeAsked(into: Buffer, at: number, isFirst: boolean, asked: number, answer: number): number
  beforeAnswer(into: Buffer, at: number, answer: number): number
  /** Bytes of the answer itself that are left out. */
  readonly skipped: number
  end(into: Buffer, at: number): number
}

const opening = '{"answers":['
const asking = ',{"asked":"'
const behindAsked = '",'
const closing = ']}'

/** As `answer-batch.ts` writes it: what was asked is put behind the answer's first brace. It needs no escapes here. */
const json: Joint = {
  // The first has no comma.
  around: opening.length + closing.length - 1,
  skipped: 1,
  entryBytes: (asked, answer) => asking.length + asked + behindAsked.length + answer - 1,
  begin: (into, at) => writeFew(opening, into, at),
  beforeAsked: (into, at, isFirst) => writeFew(isFirst ? asking.slice(1) : asking, into, at),
  beforeAnswer: (into, at) => writeFew(behindAsked, into, at),
  end: (into, at) => writeFew(closing, into, at),
}

/** A field's number and its wire type "length-delimited". */
const [batchAnswers, entryAsked, entryAnswer] = [(1 << 3) | 2, (1 << 3) | 2, (2 << 3) | 2]

/** `qxm.v1.Batch`. */
const protobuf: Joint = {
  around: 0,
  skipped: 0,
  entryBytes(asked, answer) {
    const fields = fieldsBytes(asked, answer)
    return 1 + varintBytes(fields) + fields
  },
  begin: (_into, at) => at,
  beforeAsked(into, at, _isFirst, asked, answer) {
    const behind = writeTag(batchAnswers, fieldsBytes(asked, answer), into, at)
    return writeTag(entryAsked, asked, into, behind)
  },
  beforeAnswer: (into, at, answer) => writeTag(entryAnswer, answer, into, at),
  end: (_into, at) => at,
}

export const joints: Readonly<Record<Form, Joint>> = { json, protobuf }

function fieldsBytes(asked: number, answer: number): number {
  return 1 + varintBytes(asked) + asked + 1 + varintBytes(answer) + answer
}

/** An arena keeps nothing of 2²⁸ bytes. */
function varintBytes(value: number): number {
  if (value < 1 << 7) return 1
  if (value < 1 << 14) return 2
  return value < 1 << 21 ? 3 : 4
}

function writeTag(tag: number, length: number, into: Buffer, at: number): number {
  let to = at
  into[to++] = tag
  let rest = length
  for (; rest > 0x7f; rest >>>= 7) into[to++] = (rest & 0x7f) | 0x80
  into[to++] = rest
  return to
}
