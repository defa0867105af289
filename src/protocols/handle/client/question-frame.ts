import { foldAscii } from '../../../model/identifier.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { encodeResolutionRequest } from '../bodies/resolution.ts'
import { decodeEnvelope } from '../envelope.ts'
import { handleBytesMax, messageBytesMax } from '../limits.ts'
import { decodeMessage } from '../message.ts'
import { opCodes } from '../op-codes.ts'
import { flagsOf, hasFlag } from '../op-flags.ts'
import { responseCodes } from '../response-codes.ts'
import { encodeRequest } from './request-frame.ts'

/** A resolution as we ask it: public values only, and by a client that follows referrals itself. */
export interface HandleQuestion {
  readonly handle: string
  /** No types and no indexes: all values. */
  readonly types: readonly string[]
  readonly indexes?: readonly number[]
  /** Servers that have passed the question on, us included. */
  readonly recursionCount: number
}

/** What came back, checked to be an answer to what was asked. */
export interface ServerAnswer {
  readonly responseCode: number
  /** A copy: it outlives the connection's buffers. */
  readonly body: Buffer
}

/** KPAL, because Handle.Net's servers close after each answer otherwise. */
const questionFlags = flagsOf('PUBL', 'KPAL')

export function encodeQuestion(question: HandleQuestion, requestId: number, nowMs: number): Buffer {
  const body = new ByteWriter(messageBytesMax)
  const { handle, types, indexes = [] } = question
  encodeResolutionRequest(body, { handle, indexes, types })
  return encodeRequest(
    {
      opCode: opCodes.RESOLUTION,
      opFlags: questionFlags,
      body: body.view(),
      recursionCount: question.recursionCount,
    },
    requestId,
    nowMs,
  )
}

/**
 * Reads an answer and compares it with the question, so that neither a mixed-up nor a guessed one is taken for it.
 * @throws MalformedBytes
 */
export function readAnswer(
  frame: Buffer,
  question: HandleQuestion,
  requestId: number,
): ServerAnswer {
  const reader = new ByteReader(frame)
  const envelope = decodeEnvelope(reader)
  const { header, body } = decodeMessage(frame, envelope, reader.offset)
  if (envelope.requestId !== requestId) throw new MalformedBytes('value', 'request id')
  if (header.opCode !== opCodes.RESOLUTION) throw new MalformedBytes('value', 'operation')
  if (header.responseCode === responseCodes.REQUEST) throw new MalformedBytes('value', 'a request')
  if (hasFlag(header.opFlags, 'CONT')) throw new MalformedBytes('limit', 'a continued answer')
  if (header.responseCode === responseCodes.SUCCESS) requireHandle(body, question.handle)
  return { responseCode: header.responseCode, body: Buffer.from(body) }
}

/** A bare prefix may be answered as `0.NA/<prefix>`. */
function requireHandle(body: Buffer, asked: string): void {
  const handle = foldAscii(new ByteReader(body).text(handleBytesMax))
  const wanted = foldAscii(asked)
  if (handle === wanted || handle === `0.na/${wanted}`) return
  throw new MalformedBytes('value', 'another handle')
}
