import type { Identifier } from '../../model/identifier.ts'
import type { Reference } from '../../model/value.ts'
import type { Place } from '../../resolver/answer-arena.ts'
import type { Peeked } from '../../resolver/resolve.ts'
import type { AnswerBatch } from './answer-batch.ts'
import { envelopeBytes } from './envelope.ts'
import { headerBytes } from './header.ts'
import { handleBytesMax, recursionCountMax } from './limits.ts'
import { opCodes } from './op-codes.ts'
import { opFlags } from './op-flags.ts'
import type { HandleParts } from './parts.ts'
import { parseHandle } from './records.ts'
import { responseCodes } from './response-codes.ts'
import { expirationSeconds } from './write-answer.ts'

/**
 * Answers a plain resolution from memory: without a promise, without decoding more than the handle, and where it was asked
 * for lately without an object.
 * @param input holds one whole message from `start` to `end`, envelope included
 * @param nowMs monotonic milliseconds
 * @param batch is not full; gets the answer
 * @returns false whenever anything else has to be done
 */
export type AnswerCached = (
  input: Buffer,
  start: number,
  end: number,
  asker: Asker,
  nowMs: number,
  batch: AnswerBatch,
) => boolean

/** What of a peer an answer from memory may depend on. */
export interface Asker {
  readonly address: string
  /** Who has proved to be somebody may be shown more. */
  readonly identity?: Reference | undefined
}

/** What an answer needs more than shared bytes for. */
const otherFlags =
  opFlags.AUTH | opFlags.CERT | opFlags.ENCR | opFlags.RRDG | opFlags.TQRY | opFlags.RAUT
const envelopeFlags = 0xe0
const suggestMajorMask = 0x03
const intBytes = 4
const handleAt = envelopeBytes + headerBytes + intBytes
const ownMinor = 10

/** The arena's other forms are those of `strict-answers.ts`: 1 to 3. */
const arenaForm = 4
/** Of a kept answer: it is a code's; there is more than anyone gets. */
const notes = { code: 1, withheld: 2 } as const
const asCode = { system: 'code' } as const
const asHandle = { system: 'handle' } as const

/** The question that is asked most: anyone, all values, in memory. Whatever is not exactly that goes the ordinary way. */
export function makeAnswerCached({
  resolver,
  names,
  limits,
  settings,
  site,
  clock,
  memory,
}: HandleParts): AnswerCached {
  const { arena, onHit } = memory

  /** Brings the whole answer, but for what it takes from the request, from the resolver's memory into the arena. */
  function keep(input: Buffer, start: number, end: number): boolean {
    const handle = input.toString('utf8', start, end)
    const identifier = parsed(handle)
    // Bytes that are no text are echoed as the ordinary way reads them.
    if (identifier === undefined || handle.includes('\ufffd')) return false
    const resolution = resolver.peek(identifier)
    const values = resolution && valuesOf(resolution)
    if (resolution === undefined || values === undefined) return false
    const isWithheld = resolution.answer.withheld !== undefined
    return arena.put(
      { bytes: input, start, end, form: arenaForm },
      {
        parts: [
          headOf(end - start, values.length),
          input.subarray(start, end),
          values,
          noCredential,
        ],
        forgetBy: identifier.key,
        note: (identifier.system === 'code' ? notes.code : 0) | (isWithheld ? notes.withheld : 0),
        madeAtMs: resolution.shared.madeAtMs,
        expiresAtMs: resolution.copyUntilMs,
      },
    )
  }

  function parsed(handle: string): Identifier | undefined {
    try {
      return parseHandle(names, handle)
    } catch {
      // The ordinary way says what is wrong with it.
      return undefined
    }
  }

  function valuesOf({ answer, shared }: Peeked): Buffer | undefined {
    if (answer.values.length === 0) return undefined
    try {
      return resolver.bytes(shared, 'handle')
    } catch {
      // The ordinary way fails again, and says so.
      return undefined
    }
  }

  /** Envelope, header and the handle's length; {@link adapt} fills in what is a request's own. */
  function headOf(handleLength: number, valuesLength: number): Buffer {
    const head = Buffer.alloc(handleAt)
    const bodyLength = intBytes + handleLength + valuesLength
    head.writeUInt32BE(headerBytes + bodyLength + noCredential.length, 16)
    head.writeUInt32BE(opCodes.RESOLUTION, 20)
    head.writeUInt32BE(responseCodes.SUCCESS, 24)
    head.writeUInt16BE(site().serialNumber, 32)
    head.writeUInt32BE(bodyLength, 40)
    head.writeUInt32BE(handleLength, handleAt - intBytes)
    return head
  }

  function write(place: Place, input: Buffer, start: number, { bytes }: AnswerBatch, at: number) {
    const valueStart = arena.valueStart(place)
    arena.copy(valueStart, valueStart + arena.valueLength(place), bytes, at)
    copyFew(input, start, bytes, at, 12)
    writeVersion(bytes, at)
    bytes[at + 34] = input[start + 34] as number
    bytes.writeUInt32BE(Math.floor(clock.now() / 1000) + expirationSeconds, at + 36)
  }

  return function answerCached(input, start, end, { address, identity }, nowMs, batch) {
    const handleLength = findHandle(input, start, end)
    if (handleLength === 0) return false
    const handleStart = start + handleAt
    const handleEnd = handleStart + handleLength
    let place = arena.find(input, handleStart, handleEnd, arenaForm, nowMs)
    const isKnown = place !== 0
    if (!isKnown && keep(input, handleStart, handleEnd)) {
      place = arena.find(input, handleStart, handleEnd, arenaForm, nowMs)
    }
    if (place === 0) return false
    const note = arena.note(place)
    const mayAskMore = settings.challenge || identity !== undefined
    if (mayAskMore && (note & notes.withheld) !== 0) return false
    if (!limits.admits(address, (note & notes.code) === 0 ? asHandle : asCode)) return false
    if (isKnown) onHit(1)
    write(place, input, start, batch, batch.reserve(arena.valueLength(place)))
    return true
  }
}

/** The length of a credential that is not there. */
const noCredential = Buffer.alloc(intBytes)

/** For bytes so few that a call of `copy` costs more than moving them. */
function copyFew(from: Buffer, fromAt: number, to: Buffer, toAt: number, byteCount: number): void {
  for (let i = 0; i < byteCount; i++) to[toAt + i] = from[fromAt + i] as number
}

/** @returns the handle's length where this is a plain request for all values, else 0 */
function findHandle(input: Buffer, start: number, end: number): number {
  const messageLength = end - start - envelopeBytes
  if (messageLength < headerBytes + 3 * intBytes) return 0
  if (((input[start + 2] as number) & envelopeFlags) !== 0) return 0
  if ((input[start + 34] as number) >= recursionCountMax) return 0
  const isResolution =
    input.readUInt32BE(start + 20) === opCodes.RESOLUTION && input.readUInt32BE(start + 24) === 0
  if (!isResolution || (input.readUInt32BE(start + 28) & otherFlags) !== 0) return 0
  const bodyLength = input.readUInt32BE(start + 40)
  const handleLength = input.readUInt32BE(start + 44)
  if (headerBytes + bodyLength > messageLength || handleLength > handleBytesMax) return 0
  if (handleLength + 3 * intBytes > bodyLength) return 0
  if (!hasReadableEnd(input, start + envelopeBytes + headerBytes + bodyLength, end)) return 0
  const countsAt = start + handleAt + handleLength
  const isWhole =
    input.readUInt32BE(countsAt) === 0 && input.readUInt32BE(countsAt + intBytes) === 0
  return isWhole ? handleLength : 0
}

/** A credential in one piece, or too little for its length: as `decodeMessage` reads it. */
function hasReadableEnd(input: Buffer, at: number, end: number): boolean {
  const left = end - at - intBytes
  return left < 0 || input.readUInt32BE(at) <= left
}

/** As `versionFor` in `write-answer.ts`, on bytes that hold the request's. */
function writeVersion(bytes: Buffer, at: number): void {
  const suggestMajor = (bytes[at + 2] as number) & suggestMajorMask
  const major = suggestMajor === 0 ? (bytes[at] as number) : suggestMajor
  const minor = (suggestMajor === 0 ? bytes[at + 1] : bytes[at + 3]) as number
  const isOlder = major === 2 && minor < ownMinor
  bytes[at] = 2
  bytes[at + 1] = isOlder ? minor : ownMinor
  bytes[at + 2] = 2
  bytes[at + 3] = ownMinor
}
