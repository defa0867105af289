import type { Identifier } from '../../model/identifier.ts'
import type { AnswerBatch } from './answer-batch.ts'
import { envelopeBytes } from './envelope.ts'
import { headerBytes } from './header.ts'
import { handleBytesMax } from './limits.ts'
import { opCodes } from './op-codes.ts'
import { opFlags } from './op-flags.ts'
import type { HandleParts } from './parts.ts'
import { makeRecentHandles } from './recent-handles.ts'
import type { Peer } from './request.ts'
import { responseCodes } from './response-codes.ts'
import { expirationSeconds } from './write-answer.ts'

/**
 * Answers a plain resolution from memory, without a promise and without decoding more than the handle.
 * @param input holds one whole message from `start` to `end`, envelope included
 * @param batch is not full; gets the answer
 * @returns false whenever anything else has to be done
 */
export type AnswerCached = (
  input: Buffer,
  start: number,
  end: number,
  peer: Pick<Peer, 'address' | 'identity'>,
  batch: AnswerBatch,
) => boolean

/** What an answer needs more than shared bytes for. */
const otherFlags =
  opFlags.AUTH | opFlags.CERT | opFlags.ENCR | opFlags.RRDG | opFlags.TQRY | opFlags.RAUT
const envelopeFlags = 0xe0
const suggestMajorMask = 0x03
const intBytes = 4
const handleAt = envelopeBytes + headerBytes + intBytes
const ownMinor = 10

/** The question that is asked most: anyone, all values, in memory. Whatever is not exactly that goes the ordinary way. */
export function makeAnswerCached({
  resolver,
  names,
  limits,
  settings,
  site,
  clock,
}: HandleParts): AnswerCached {
  const findIdentifier = makeRecentHandles(parse)

  return function answerCached(input, start, end, { address, identity }, batch) {
    const handleLength = findHandle(input, start, end)
    if (handleLength === 0) return false
    const handleEnd = start + handleAt + handleLength
    const identifier = findIdentifier(input, start + handleAt, handleEnd)
    const resolution = identifier && resolver.peek(identifier)
    if (identifier === undefined || resolution?.shared === undefined) return false
    const { answer, shared } = resolution
    const mayAskMore = settings.challenge || identity !== undefined
    if (answer.values.length === 0 || (answer.withheld !== undefined && mayAskMore)) return false
    const values = findBytes(shared)
    if (values === undefined || !limits.admits(address, identifier)) return false
    writeAnswer(values, input, start, handleLength, batch)
    return true
  }

  function parse(text: string): Identifier | undefined {
    try {
      return names.parse(text)
    } catch {
      // The ordinary way says what is wrong with it.
      return undefined
    }
  }

  function findBytes(shared: Parameters<typeof resolver.bytes>[0]): Buffer | undefined {
    try {
      return resolver.bytes(shared, 'handle')
    } catch {
      // The ordinary way fails again, and says so.
      return undefined
    }
  }

  function writeAnswer(
    values: Buffer,
    input: Buffer,
    start: number,
    handleLength: number,
    batch: AnswerBatch,
  ): void {
    const bodyLength = intBytes + handleLength + values.length
    const byteCount = envelopeBytes + headerBytes + bodyLength + intBytes
    const { bytes } = batch
    const at = batch.reserve(byteCount)
    // Versions, session id and request id from the request, the rest in the order of envelope and header.
    copyFew(input, start, bytes, at, 12)
    writeVersion(bytes, at)
    bytes.writeUInt32BE(0, at + 12)
    bytes.writeUInt32BE(byteCount - envelopeBytes, at + 16)
    bytes.writeUInt32BE(opCodes.RESOLUTION, at + 20)
    bytes.writeUInt32BE(responseCodes.SUCCESS, at + 24)
    bytes.writeUInt32BE(0, at + 28)
    bytes.writeUInt16BE(site().serialNumber, at + 32)
    bytes.writeUInt16BE((input[start + 34] as number) << 8, at + 34)
    bytes.writeUInt32BE(Math.floor(clock.now() / 1000) + expirationSeconds, at + 36)
    bytes.writeUInt32BE(bodyLength, at + 40)
    copyFew(
      input,
      start + handleAt - intBytes,
      bytes,
      at + handleAt - intBytes,
      intBytes + handleLength,
    )
    bytes.set(values, at + handleAt + handleLength)
    bytes.writeUInt32BE(0, at + byteCount - intBytes)
  }
}

/** For bytes so few that a call of `copy` costs more than moving them. */
function copyFew(from: Buffer, fromAt: number, to: Buffer, toAt: number, byteCount: number): void {
  for (let i = 0; i < byteCount; i++) to[toAt + i] = from[fromAt + i] as number
}

/** @returns the handle's length where this is a plain request for all values, else 0 */
function findHandle(input: Buffer, start: number, end: number): number {
  const messageLength = end - start - envelopeBytes
  if (messageLength < headerBytes + 3 * intBytes) return 0
  if (((input[start + 2] as number) & envelopeFlags) !== 0) return 0
  const isResolution =
    input.readUInt32BE(start + 20) === opCodes.RESOLUTION && input.readUInt32BE(start + 24) === 0
  if (!isResolution || (input.readUInt32BE(start + 28) & otherFlags) !== 0) return 0
  const bodyLength = input.readUInt32BE(start + 40)
  const handleLength = input.readUInt32BE(start + 44)
  if (headerBytes + bodyLength > messageLength || handleLength > handleBytesMax) return 0
  if (handleLength + 3 * intBytes > bodyLength) return 0
  const countsAt = start + handleAt + handleLength
  const isWhole =
    input.readUInt32BE(countsAt) === 0 && input.readUInt32BE(countsAt + intBytes) === 0
  return isWhole ? handleLength : 0
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
