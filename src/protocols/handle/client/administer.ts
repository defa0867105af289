import type { Reference, Value } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { decodeChallenge } from '../bodies/challenge.ts'
import { encodeChallengeAnswer } from '../bodies/challenge-answer.ts'
import { encodeHandleBody } from '../bodies/handle.ts'
import { encodeHandleValues } from '../bodies/handle-values.ts'
import { encodeLogin } from '../bodies/login.ts'
import { encodeRemoveValue } from '../bodies/remove-value.ts'
import { decodeEnvelope, type Envelope } from '../envelope.ts'
import { messageBytesMax } from '../limits.ts'
import { decodeMessage, type Message } from '../message.ts'
import { opCodes } from '../op-codes.ts'
import { flagsOf } from '../op-flags.ts'
import { responseCodes } from '../response-codes.ts'
import { answerChallenge, type LoginKey } from './answer-challenge.ts'
import { makeAskTcp, type Place } from './ask-tcp.ts'
import type { ClientParts } from './parts.ts'
import { type ClientRequest, encodeRequest, signedPartOf } from './request-frame.ts'
import { ServerAway } from './server-away.ts'
import { within } from './within.ts'

/** What an administrator does (RFC 3652 §3.6). */
export type Administration =
  | {
      readonly do: 'create' | 'addValues' | 'modifyValues'
      readonly handle: string
      readonly values: readonly Value[]
    }
  | { readonly do: 'removeValues'; readonly handle: string; readonly indexes: readonly number[] }
  | { readonly do: 'delete'; readonly handle: string }

/** One connection to one server, on which we are who the key says. The server is not asked who it is. */
export interface Administrator extends Disposable {
  /**
   * Logs the connection in with the key (2001).
   * @returns a response code; AUTHENTICATION_FAILED when the key is not the one the server knows
   * @throws ServerAway, or the signal's reason
   */
  logIn(signal: AbortSignal): Promise<number>
  /**
   * One operation after the other; a challenge is answered, whether the connection is logged in or not.
   * @returns a response code
   * @throws ServerAway when it is not known whether it was done, or the signal's reason
   */
  perform(operation: Administration, signal: AbortSignal): Promise<number>
}

export interface AdministratorParts
  extends Pick<ClientParts, 'clock' | 'random' | 'attemptTimeoutMs'> {
  /** A TCP interface for administration. */
  readonly place: Place
  /** The value that the server finds the key's public half in, or the secret. */
  readonly as: Reference
  readonly key: LoginKey
}

/** KPAL, because Handle.Net's servers close after each answer otherwise; RRDG, as the national clients log in. */
const administrativeFlags = flagsOf('AUTH', 'KPAL', 'RRDG')

export function openAdministrator(parts: AdministratorParts): Administrator {
  const { place, as, key, clock, random } = parts
  const askTcp = makeAskTcp(parts)

  async function send(request: ClientRequest, signal: AbortSignal): Promise<Sent> {
    using deadline = within(clock, parts.attemptTimeoutMs, signal)
    const requestId = random(4).readUInt32BE()
    const frame = encodeRequest(request, requestId, clock.now())
    const bytes = await askTcp(place, requestId, frame, deadline.signal)
    const reader = new ByteReader(bytes)
    const envelope = decodeEnvelope(reader)
    const answer = decodeMessage(bytes, envelope, reader.offset)
    if (answer.header.responseCode === responseCodes.REQUEST) {
      throw new MalformedBytes('value', 'a request')
    }
    return { ...answer, envelope, request: signedPartOf(frame, request) }
  }

  async function proveWhoWeAre(challenged: Sent, signal: AbortSignal): Promise<Sent> {
    const challenge = decodeChallenge(new ByteReader(challenged.body))
    const answer = await answerChallenge(challenge, challenged.request, as, key, random)
    return send(
      {
        opCode: opCodes.CHALLENGE_RESPONSE,
        opFlags: administrativeFlags,
        body: written(writer => encodeChallengeAnswer(writer, answer)),
        sessionId: challenged.envelope.sessionId,
      },
      signal,
    )
  }

  async function ask(opCode: number, body: Buffer, signal: AbortSignal): Promise<number> {
    try {
      const first = await send({ opCode, opFlags: administrativeFlags, body }, signal)
      const isChallenge = first.header.responseCode === responseCodes.AUTHENTICATION_NEEDED
      const answer = isChallenge ? await proveWhoWeAre(first, signal) : first
      return answer.header.responseCode
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error
      throw new ServerAway(`not an answer: ${error.message}`, { cause: error })
    }
  }

  return {
    logIn: signal =>
      ask(
        opCodes.LOGIN_KEY,
        written(writer => encodeLogin(writer, as)),
        signal,
      ),
    perform: (operation, signal) => ask(opCodeOf(operation), bodyOf(operation), signal),
    [Symbol.dispose]: () => askTcp.close(),
  }
}

/** An answer, and header and body of the request it is one to. */
interface Sent extends Message {
  readonly envelope: Envelope
  readonly request: Buffer
}

function opCodeOf(operation: Administration): number {
  switch (operation.do) {
    case 'create':
      return opCodes.CREATE_HANDLE
    case 'addValues':
      return opCodes.ADD_VALUE
    case 'modifyValues':
      return opCodes.MODIFY_VALUE
    case 'removeValues':
      return opCodes.REMOVE_VALUE
    case 'delete':
      return opCodes.DELETE_HANDLE
  }
}

function bodyOf(operation: Administration): Buffer {
  switch (operation.do) {
    case 'create':
    case 'addValues':
    case 'modifyValues':
      return written(writer => encodeHandleValues(writer, operation))
    case 'removeValues':
      return written(writer => encodeRemoveValue(writer, operation))
    case 'delete':
      return written(writer => encodeHandleBody(writer, operation.handle))
  }
}

function written(encode: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(messageBytesMax)
  encode(writer)
  return writer.taken()
}
