import type { Reference } from '../../model/value.ts'
import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter, WriterFull } from '../bytes/writer.ts'
import { AnswerBatch } from './answer-batch.ts'
import { type AnswerCached, makeAnswerCached } from './answer-cached.ts'
import { makeAuthentication } from './authentication.ts'
import { encodeErrorMessage } from './bodies/error-message.ts'
import { type HandleDesk, makeHandleDesk } from './desk.ts'
import { decodeEnvelope, type Envelope, envelopeBytes } from './envelope.ts'
import { decodeHeader, type Header, headerBytes } from './header.ts'
import { type Challenges, makeChallengeBook } from './identity/challenges.ts'
import { decodeMessage } from './message.ts'
import { type HandleMetrics, makeHandleMetrics } from './metrics.ts'
import { opCodes } from './op-codes.ts'
import { isQuestion, makeOperations, type Operations } from './operations/index.ts'
import type { HandleParts } from './parts.ts'
import { Refusal, refusalOf, sentCode } from './refusal.ts'
import { type HandleRequest, noBody, type Peer, type Reply } from './request.ts'
import { responseCodes } from './response-codes.ts'
import { writeAnswer } from './write-answer.ts'

/** Answers messages, whatever brought them: TCP, UDP and the HTTP tunnel share it. */
export interface HandleDoor {
  readonly desk: HandleDesk
  readonly operations: Operations
  readonly metrics: HandleMetrics
  readonly answerCached: AnswerCached
  /** For what {@link answerCached} adds. */
  makeBatch(): AnswerBatch
  /**
   * Answers one message.
   * @param frame envelope and the whole message
   * @param send hands over a message of the answer and waits until there is room for the next; never called for
   * what needs no answer
   */
  answer(frame: Buffer, peer: Peer, send: Send): Promise<void>
  /** A place for the challenges of one connection, or of everybody over UDP or HTTP. */
  makeChallenges(): Challenges
}

/** All that the wires need: what answers messages, ours or a simulated server's. */
export type MessageDoor = Pick<
  HandleDoor,
  'metrics' | 'answerCached' | 'makeBatch' | 'answer' | 'makeChallenges'
>

/** A login waits with 50 bytes; a request that was challenged waits with its values. */
const challengeBounds = { countMax: 20_000, bytesMax: 32 * 1024 * 1024 }

export type Send = (message: Buffer) => void | Promise<void>

export interface DoorParts extends HandleParts {
  readonly connectionCount: () => number
}

export function makeHandleDoor(parts: DoorParts): HandleDoor {
  const { settings, site, clock, log } = parts
  const desk = makeHandleDesk(parts)
  const operations = makeOperations(parts, desk)
  const authentication = makeAuthentication(parts, operations.prover)
  const makeChallenges = makeChallengeBook(challengeBounds)
  const metrics = makeHandleMetrics(parts.registry, parts.connectionCount)

  /** Does what is asked, or what was asked before it was challenged. */
  async function perform(request: HandleRequest): Promise<Reply> {
    const { header, peer } = request
    if (header.opCode !== opCodes.CHALLENGE_RESPONSE) {
      // A login is always challenged: id-pointer takes a success without one for an error.
      return operate(request, header.opCode === opCodes.LOGIN_KEY ? undefined : peer.identity)
    }
    const open = authentication.take(request)
    const { opCode } = open.request.header
    try {
      const identity = await authentication.prove(request, open)
      return { ...(await operate(open.request, identity)), opCode }
    } catch (error) {
      // The national SDKs know no answer with operation 200.
      return { ...refuse(error), opCode }
    }
  }

  async function operate(request: HandleRequest, identity: Reference | undefined): Promise<Reply> {
    const { opCode } = request.header
    if (request.peer.transport === 'udp' && !isQuestion(opCode) && !settings.udpAdmin) {
      metrics.refused('udpAdmin')
      throw new Refusal(responseCodes.OPERATION_NOT_SUPPORTED)
    }
    const operation = operations.byCode.get(opCode)
    if (operation === undefined) throw new Refusal(responseCodes.OPERATION_NOT_SUPPORTED)
    try {
      return await operation(request, identity)
    } catch (error) {
      if (refusalOf(error)?.responseCode !== responseCodes.AUTHENTICATION_NEEDED) throw error
      if (identity !== undefined) throw new Refusal(responseCodes.INVALID_ADMIN)
      return authentication.challenge(request)
    }
  }

  function refuse(error: unknown): Reply {
    const refusal = refusalOf(error)
    if (refusal === undefined) log.error({ err: error }, 'Handle request failed')
    if (error instanceof MalformedBytes) metrics.refused('malformed')
    return {
      responseCode: sentCode(refusal?.responseCode ?? responseCodes.ERROR, settings.allCodes),
      body: errorBody(refusal?.message ?? ''),
    }
  }

  async function sendReply(request: HandleRequest, reply: Reply, send: Send): Promise<void> {
    const { more } = reply
    let body = reply.body
    try {
      for (;;) {
        const next = await more?.next()
        const isContinued = next !== undefined && next.done !== true
        const part = { ...reply, body, isContinued }
        await send(await writeAnswer(request, part, site(), clock.now()))
        metrics.answered(request.peer.transport, reply.responseCode)
        if (!isContinued) return
        body = next.value
      }
    } catch (error) {
      if (reply.responseCode !== responseCodes.SUCCESS && !(error instanceof WriterFull))
        throw error
      const refused = { ...refuse(error), isContinued: false }
      await send(await writeAnswer(request, refused, site(), clock.now()))
      metrics.answered(request.peer.transport, refused.responseCode)
    } finally {
      await more?.return?.()
    }
  }

  return {
    desk,
    operations,
    metrics,
    answerCached: makeAnswerCached(parts),
    makeBatch: () => new AnswerBatch(byteCount => parts.memory.arena.makeRoom(byteCount)),
    makeChallenges,

    async answer(frame, peer, send) {
      const read = readRequest(frame, peer)
      if (read.request.header.responseCode !== responseCodes.REQUEST) {
        metrics.refused('response')
        return
      }
      if (read.malformed !== undefined) {
        await sendReply(read.request, refuse(read.malformed), send)
        return
      }
      let reply: Reply
      try {
        reply = await perform(read.request)
      } catch (error) {
        reply = refuse(error)
      }
      await sendReply(read.request, reply, send)
    },
  }
}

/** Who sends over this connection, or sent this one message. */
export function makePeer(
  address: string,
  transport: Peer['transport'],
  challenges: Peer['challenges'],
): Peer {
  return { address, transport, challenges, identity: undefined, failedProofCount: 0 }
}

/** Reads a request; of one that is malformed as much as its answer needs. */
function readRequest(
  frame: Buffer,
  peer: Peer,
): { request: HandleRequest; malformed?: MalformedBytes } {
  const reader = new ByteReader(frame)
  const envelope = decodeEnvelope(reader)
  try {
    const { header, body, signedPart } = decodeMessage(frame, envelope, reader.offset)
    return { request: { envelope, header, body, signedPart, peer } }
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error
    return { request: headless(envelope, reader, peer), malformed: error }
  }
}

function headless(envelope: Envelope, reader: ByteReader, peer: Peer): HandleRequest {
  const isReadable = reader.remaining >= headerBytes && !envelope.encrypted && !envelope.compressed
  const read = isReadable ? decodeHeader(reader) : noHeader
  // What asks for more than the code would make the answer depend on what could not be read.
  const header = { ...read, opFlags: 0 }
  return { envelope, header, body: noBody, signedPart: noBody, peer }
}

const noHeader: Header = {
  opCode: 0,
  responseCode: 0,
  opFlags: 0,
  siteInfoSerialNumber: 0xffff,
  recursionCount: 0,
  expirationTime: 0,
  bodyLength: 0,
}

const errorMessageBytesMax = 1024

/** Texts of failures are short; one with somebody's words in it is cut. */
function errorBody(message: string): Buffer {
  const writer = new ByteWriter(errorMessageBytesMax + envelopeBytes)
  encodeErrorMessage(writer, message.slice(0, errorMessageBytesMax / 4))
  return writer.view()
}
