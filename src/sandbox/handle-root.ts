import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Value } from '../model/value.ts'
import { MalformedBytes } from '../protocols/bytes/malformed-bytes.ts'
import { ByteReader } from '../protocols/bytes/reader.ts'
import { ByteWriter } from '../protocols/bytes/writer.ts'
import { AnswerBatch } from '../protocols/handle/answer-batch.ts'
import {
  decodeResolutionRequest,
  encodeResolutionAnswer,
} from '../protocols/handle/bodies/resolution.ts'
import type { MessageDoor } from '../protocols/handle/door.ts'
import { decodeEnvelope } from '../protocols/handle/envelope.ts'
import { makeChallengeBook } from '../protocols/handle/identity/challenges.ts'
import { messageBytesMax } from '../protocols/handle/limits.ts'
import { decodeMessage } from '../protocols/handle/message.ts'
import { opCodes } from '../protocols/handle/op-codes.ts'
import type { HandleSettings } from '../protocols/handle/parts.ts'
import { refusalOf } from '../protocols/handle/refusal.ts'
import type { HandleRequest, Peer, Reply } from '../protocols/handle/request.ts'
import { responseCodes } from '../protocols/handle/response-codes.ts'
import { makeTcpDoor } from '../protocols/handle/server-tcp.ts'
import { makeUdpDoor } from '../protocols/handle/server-udp.ts'
import { writeAnswer } from '../protocols/handle/write-answer.ts'
import { AnswerRoom } from '../resolver/answer-room.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Mood, MoodFor } from './hostile.ts'

export interface HandleRootParts {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The values of a handle, folded to lower case; undefined: there is none. */
  readonly find: (handle: string) => readonly Value[] | undefined
  /** What it tells instead when it lies. */
  readonly lie: (values: readonly Value[]) => readonly Value[]
  readonly mood: MoodFor
  readonly clock: Clock
}

/** A Handle server that knows a few handles and nobody else, over TCP and UDP. */
export interface HandleRoot {
  readonly port: number
  close(): Promise<void>
}

/** Longer than a client of ours waits for one server, shorter than it waits for all. */
const delayMs = 2_000
/** How long an answer is held back, so that a later one overtakes it. */
const overtakenMs = 200
const siteSerial = 1
/** An error message of no bytes. */
const noText = Buffer.alloc(4)

const settings: HandleSettings = {
  challenge: false,
  allCodes: true,
  legacyDigests: false,
  passwordLogin: false,
  udpAdmin: false,
  listing: false,
  serverAdmins: [],
  messageTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  connectionsMax: 100,
  networkRate: 0,
}

/** Answers resolutions and nothing else, with our own doors and codecs. */
export async function openHandleRoot(parts: HandleRootParts): Promise<HandleRoot> {
  const { clock, host } = parts
  const door = makeDoor(parts)
  const tcp = makeTcpDoor({ settings, clock }, door)
  const server = tcp.makeServer()
  server.listen({ host, port: parts.port })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const nobody = { take: () => 0, wait: () => 0 }
  const udp = makeUdpDoor(
    { settings, clock, networkAnswers: nobody, isExempt: () => true, isKnown: () => true },
    door,
  )
  const socket = udp.makeSocket('udp4')
  // It may listen at once: our look-up of addresses does not wait.
  const listening = once(socket, 'listening')
  socket.bind({ address: host, port })
  await listening
  return {
    port,
    async close() {
      socket.close()
      const closed = new Promise(resolve => server.close(resolve))
      tcp.close()
      tcp.destroy()
      await closed
    },
  }
}

function makeDoor({ find, lie, mood, clock }: HandleRootParts): MessageDoor {
  function resolve(body: Buffer): { mood: Mood; reply: Reply } {
    const { handle, indexes, types } = decodeResolutionRequest(new ByteReader(body))
    const now = mood(handle)
    if (now === 'error') return { mood: now, reply: refusal(responseCodes.ERROR) }
    const known = find(handle.toLowerCase())
    if (known === undefined) return { mood: now, reply: refusal(responseCodes.HANDLE_NOT_FOUND) }
    const told = now === 'lie' ? lie(known) : known
    const values = told.filter(value => isAsked(value, indexes, types))
    if (values.length === 0) return { mood: now, reply: refusal(responseCodes.VALUES_NOT_FOUND) }
    const writer = new ByteWriter(messageBytesMax)
    encodeResolutionAnswer(writer, { handle, values })
    return { mood: now, reply: { responseCode: responseCodes.SUCCESS, body: writer.taken() } }
  }

  function perform(opCode: number, body: Buffer): { mood: Mood; reply: Reply } {
    try {
      if (opCode === opCodes.RESOLUTION) return resolve(body)
      return { mood: 'honest', reply: refusal(responseCodes.OPERATION_NOT_SUPPORTED) }
    } catch (error) {
      const code = refusalOf(error)?.responseCode ?? responseCodes.ERROR
      return { mood: 'honest', reply: refusal(code) }
    }
  }

  return {
    metrics: {
      answered: () => undefined,
      answeredCached: () => undefined,
      refused: () => undefined,
    },
    answerCached: () => false,
    makeBatch: () => new AnswerBatch(byteCount => new AnswerRoom(Buffer.alloc(byteCount))),
    makeChallenges: makeChallengeBook({ countMax: 1, bytesMax: 1 }),

    async answer(frame, peer, send) {
      const request = readRequest(frame, peer)
      if (request === undefined) return
      const { mood: now, reply } = perform(request.header.opCode, request.body)
      const own = { sites: [], serialNumber: siteSerial }
      const message = await writeAnswer(request, { ...reply, isContinued: false }, own, clock.now())
      if (now === 'delay') await clock.sleep(delayMs)
      if (now === 'shuffle') await clock.sleep(overtakenMs)
      await send(message)
      if (now === 'repeat' && peer.transport === 'tcp') await send(message)
    },
  }
}

/** What is no message gets no answer. */
function readRequest(frame: Buffer, peer: Peer): HandleRequest | undefined {
  try {
    const reader = new ByteReader(frame)
    const envelope = decodeEnvelope(reader)
    const { header, body, signedPart } = decodeMessage(frame, envelope, reader.offset)
    return { envelope, header, body, signedPart, peer }
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}

function refusal(responseCode: number): Reply {
  return { responseCode, body: noText }
}

/** A type that ends in a dot stands for all below it. */
function isAsked(
  { index, type }: Value,
  indexes: readonly number[],
  types: readonly string[],
): boolean {
  if (indexes.length + types.length === 0) return true
  const wanted = types.map(each => each.toUpperCase())
  const isOfType = wanted.some(each =>
    each.endsWith('.') ? `${type}.`.startsWith(each) : type === each,
  )
  return isOfType || indexes.includes(index)
}
