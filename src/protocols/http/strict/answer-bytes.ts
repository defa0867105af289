import type { AnswerArena, Place } from '../../../resolver/answer-arena.ts'
import type { AnswerHead } from '../answer-head.ts'
import type { UnknownReply } from '../unknown-reply.ts'

/** A whole answer but for its age and what its connection ends headers with. */
export interface Composed {
  /** Status line and headers up to the value of the age; of an answer that has none, all of them. */
  readonly before: Buffer
  /** From behind the age; empty where there is none. */
  readonly behind: Buffer
  readonly body: Buffer
}

/** A kept answer begins with the lengths of its head before and behind the age: two bytes each. */
const lengthsBytes = 4
const headBytesMax = 0xffff
/** Seconds; more digits than a process lives. */
const ageCharsMax = 12
/** The length of a body, and the end of its line. */
export const lengthCharsMax = 18
/** Id and length of a refusal, with the names around them. */
const idAndLengthMax = 64

export function composed({ before, behind }: AnswerHead, body: Buffer): Composed {
  return { before: Buffer.from(before, 'latin1'), behind: Buffer.from(behind, 'latin1'), body }
}

/** @returns what an arena keeps of it; undefined for one whose head is no usual one */
export function partsOf({ before, behind, body }: Composed): Buffer[] | undefined {
  if (before.length > headBytesMax || behind.length > headBytesMax) return undefined
  const lengths = Buffer.allocUnsafe(lengthsBytes)
  lengths.writeUInt16LE(before.length, 0)
  lengths.writeUInt16LE(behind.length, 2)
  return [lengths, before, behind, body]
}

export function wholeAnswer(
  { before, behind, body }: Composed,
  ageSeconds: number,
  ending: Buffer,
): Buffer {
  const age = behind.length === 0 ? '' : String(ageSeconds)
  return Buffer.concat([before, Buffer.from(age), behind, ending, body])
}

/** @returns how many bytes {@link writeKept} writes at most */
export function roomForKept(arena: AnswerArena, place: Place, ending: Buffer): number {
  return arena.valueLength(place) + ending.length + ageCharsMax
}

/** Where in the arena's bytes the body of a kept answer begins. */
export function bodyStartOf({ bytes }: AnswerArena, lengthsAt: number): number {
  return lengthsAt + lengthsBytes + readLength(bytes, lengthsAt) + readLength(bytes, lengthsAt + 2)
}

/** @returns where it ends */
export function writeKept(
  arena: AnswerArena,
  place: Place,
  nowMs: number,
  ending: Buffer,
  into: Buffer,
  at: number,
): number {
  const { bytes } = arena
  const lengthsAt = arena.valueStart(place)
  const beforeAt = lengthsAt + lengthsBytes
  const behindAt = beforeAt + readLength(bytes, lengthsAt)
  const bodyAt = bodyStartOf(arena, lengthsAt)
  let to = arena.copy(beforeAt, behindAt, into, at)
  if (behindAt < bodyAt) {
    const ageSeconds = Math.floor((nowMs - arena.madeAtMs(place)) / 1000)
    to = writeFew(String(ageSeconds), into, to)
    to = arena.copy(behindAt, bodyAt, into, to)
  }
  to = writeAll(ending, into, to)
  return arena.copy(bodyAt, lengthsAt + arena.valueLength(place), into, to)
}

/** @returns how many bytes {@link writeRefusal} writes at most */
export function roomForRefusal(
  { head, before, behind }: UnknownReply,
  pathBytes: number,
  ending: Buffer,
): number {
  const body = before.length + pathBytes + behind.length
  return head.length + idAndLengthMax + ending.length + body
}

/**
 * @param chunk has the path that was asked, of bytes that stand for themselves in JSON
 * @returns where it ends
 */
export function writeRefusal(
  { head, before, behind }: UnknownReply,
  requestId: string,
  chunk: Buffer,
  pathStart: number,
  pathEnd: number,
  ending: Buffer,
  into: Buffer,
  at: number,
): number {
  const length = before.length + pathEnd - pathStart + behind.length
  let to = writeAll(head, into, at)
  to = writeFew(requestId, into, to)
  to = writeFew('\r\ncontent-length: ', into, to)
  to = writeFew(String(length), into, to)
  to = writeFew('\r\n', into, to)
  to = writeAll(ending, into, to)
  to = writeAll(before, into, to)
  for (let i = pathStart; i < pathEnd; i++) into[to++] = chunk[i] as number
  return writeAll(behind, into, to)
}

/** As `copy`, without its checks, which take as long as the bytes. @returns where they end */
export function writeAll(bytes: Buffer, into: Buffer, at: number): number {
  into.set(bytes, at)
  return at + bytes.length
}

/** For characters so few, all of them ASCII, that a call of `write` costs more than moving them. */
export function writeFew(text: string, into: Buffer, at: number): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i)
  return at + text.length
}

function readLength(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}
