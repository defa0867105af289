import type { Identifier } from '../../model/identifier.ts'
import { envelopeBytes } from './envelope.ts'
import { headerBytes } from './header.ts'
import { handleBytesMax } from './limits.ts'
import { opCodes } from './op-codes.ts'
import { opFlags } from './op-flags.ts'
import type { HandleParts } from './parts.ts'
import type { Peer } from './request.ts'
import { responseCodes } from './response-codes.ts'
import { expirationSeconds } from './write-answer.ts'

/**
 * Answers a plain resolution from memory, without a promise and without decoding more than the handle.
 * @param input holds one whole message from `start` to `end`, envelope included
 * @returns undefined whenever anything else has to be done
 */
export type AnswerCached = (
  input: Buffer,
  start: number,
  end: number,
  peer: Pick<Peer, 'address' | 'identity'>,
) => Buffer | undefined

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
  return function answerCached(input, start, end, { address, identity }) {
    const handleLength = findHandle(input, start, end)
    if (handleLength === 0) return undefined
    const handleEnd = start + handleAt + handleLength
    const identifier = findIdentifier(input.toString('utf8', start + handleAt, handleEnd))
    const resolution = identifier && resolver.peek(identifier)
    if (identifier === undefined || resolution?.shared === undefined) return undefined
    const { answer, shared } = resolution
    const mayAskMore = settings.challenge || identity !== undefined
    if (answer.values.length === 0 || (answer.withheld !== undefined && mayAskMore))
      return undefined
    const values = findBytes(shared)
    if (values === undefined || !limits.admits(address, identifier)) return undefined
    return answerWith(values, input, start, handleLength)
  }

  function findIdentifier(text: string): Identifier | undefined {
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

  function answerWith(values: Buffer, input: Buffer, start: number, handleLength: number): Buffer {
    const bodyLength = intBytes + handleLength + values.length
    const output = Buffer.allocUnsafe(envelopeBytes + headerBytes + bodyLength + intBytes)
    // Versions, session id and request id from the request, the rest in the order of envelope and header.
    input.copy(output, 0, start, start + 12)
    writeVersion(output)
    output.writeUInt32BE(0, 12)
    output.writeUInt32BE(output.length - envelopeBytes, 16)
    output.writeUInt32BE(opCodes.RESOLUTION, 20)
    output.writeUInt32BE(responseCodes.SUCCESS, 24)
    output.writeUInt32BE(0, 28)
    output.writeUInt16BE(site().serialNumber, 32)
    output.writeUInt16BE((input[start + 34] as number) << 8, 34)
    output.writeUInt32BE(Math.floor(clock.now() / 1000) + expirationSeconds, 36)
    output.writeUInt32BE(bodyLength, 40)
    input.copy(output, 44, start + 44, start + handleAt + handleLength)
    values.copy(output, handleAt + handleLength)
    output.writeUInt32BE(0, output.length - intBytes)
    return output
  }
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
function writeVersion(output: Buffer): void {
  const suggestMajor = (output[2] as number) & suggestMajorMask
  const major = suggestMajor === 0 ? (output[0] as number) : suggestMajor
  const minor = (suggestMajor === 0 ? output[1] : output[3]) as number
  const isOlder = major === 2 && minor < ownMinor
  output[0] = 2
  output[1] = isOlder ? minor : ownMinor
  output[2] = 2
  output[3] = ownMinor
}
