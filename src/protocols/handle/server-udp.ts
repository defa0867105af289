import type { RemoteInfo, Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import { MalformedBytes } from '../bytes/malformed-bytes.ts'
import { ByteReader } from '../bytes/reader.ts'
import type { AnswerBatch } from './answer-batch.ts'
import { type MessageDoor, makePeer } from './door.ts'
import { decodeEnvelope, envelopeBytes } from './envelope.ts'
import { datagramBytesMax, fragmentCount, splitFragments } from './fragments.ts'
import { headerBytes, siteSerialUnknown } from './header.ts'
import { networkOf } from './network.ts'
import { isQuestion } from './operations/index.ts'
import type { HandleParts } from './parts.ts'
import { makeReassembly } from './reassembly.ts'
import { responseCodes } from './response-codes.ts'
import { expirationSeconds } from './write-answer.ts'

/** What a request may bring an answer of more than one datagram to (RFC 5358 asks for such a bound). */
const amplificationMax = 10
/** A request over UDP: many filters, or a signed answer to a challenge. */
const requestBytesMax = 32_768
const reassemblyBounds = {
  messageBytesMax: requestBytesMax,
  setsMax: 256,
  setsPerAddressMax: 4,
  lifeMs: 5_000,
}
/** Answers to what is not a plain question, kept for clients that ask again: they do after 0.5, 1 and 1.5 s. */
const repliesMax = 512
const replyLifeMs = 5_000
/** Questions that wait for the store at once; more are answered that we are busy. */
const underWayMax = 2_048
const socketBufferBytes = 4 * 1024 * 1024
/** Envelope, header, an empty text, no credential. */
const busyBytes = envelopeBytes + headerBytes + 8

export interface UdpDoor {
  /** A socket that is not bound yet. */
  makeSocket(family: 'udp4' | 'udp6'): Socket
}

export interface UdpParts
  extends Pick<HandleParts, 'settings' | 'clock' | 'networkAnswers' | 'isExempt'> {
  /** Whether the address holds a TCP connection here, or lately held one. */
  readonly isKnown: (address: string) => boolean
}

type Sender = Pick<RemoteInfo, 'address' | 'port'>

/** A socket, and where its answers from memory are put together. */
interface Wire {
  readonly socket: Socket
  readonly batch: AnswerBatch
}

/** Messages in datagrams (RFC 3652 §2.3.1), and the rules that keep us from being turned against others. */
export function makeUdpDoor(parts: UdpParts, door: MessageDoor): UdpDoor {
  const { settings, clock, networkAnswers, isExempt, isKnown } = parts
  const { metrics } = door
  const challenges = door.makeChallenges()
  const reassembly = makeReassembly(reassemblyBounds)
  const replies = makeReplies()
  let underWay = 0
  /** Beyond the limit every second answer is left out, so that the address is not simply unreachable. */
  let isSlipped = false

  function receive(datagram: Buffer, sender: Sender, wire: Wire): void {
    // Port 0 cannot be sent to: who gives it wants no answer.
    if (datagram.length < envelopeBytes || sender.port === 0) {
      metrics.refused('envelope')
      return
    }
    const isWhole = isOneDatagram(datagram)
    if (isWhole && answerCached(datagram, sender, wire)) return
    const frame = isWhole ? Buffer.from(datagram) : complete(datagram, sender)
    if (frame !== undefined) void answerFrame(frame, sender, wire)
  }

  function answerCached(datagram: Buffer, sender: Sender, wire: Wire): boolean {
    const { batch } = wire
    if (batch.isFull) useAgain(wire)
    const start = batch.byteCount
    const now = clock.monotonicMs()
    if (!door.answerCached(datagram, 0, datagram.length, sender, now, batch)) return false
    metrics.answeredCached('udp')
    answer(datagram, sender, wire, batch.bytes.subarray(start, batch.byteCount))
    return true
  }

  function complete(datagram: Buffer, { address, port }: Sender): Buffer | undefined {
    try {
      return reassembly.add(datagram, address, port, clock.monotonicMs())
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error
      metrics.refused('fragments')
      return undefined
    }
  }

  async function answerFrame(frame: Buffer, sender: Sender, wire: Wire): Promise<void> {
    const key = isRepeatable(frame) ? undefined : `${sender.address} ${sender.port} ${idOf(frame)}`
    const known = key === undefined ? undefined : replies.get(key, frame, clock.monotonicMs())
    if (known !== undefined) {
      const message = await known
      if (message !== undefined) answer(frame, sender, wire, message)
      return
    }
    if (underWay >= underWayMax) {
      answer(frame, sender, wire, busyAnswer(frame, clock.now()))
      return
    }
    underWay += 1
    const reply = replyTo(frame, sender).finally(() => {
      underWay -= 1
    })
    if (key !== undefined) replies.set(key, frame, reply, clock.monotonicMs())
    const message = await reply
    if (message !== undefined) answer(frame, sender, wire, message)
  }

  /** The one message of the answer: what takes several (CONT) is for TCP. */
  async function replyTo(frame: Buffer, { address }: Sender): Promise<Buffer | undefined> {
    const messages: Buffer[] = []
    await door.answer(frame, makePeer(address, 'udp', challenges), message => {
      messages.push(message)
    })
    return messages.length > 1 ? busyAnswer(frame, clock.now()) : messages[0]
  }

  /** One datagram always; several only to whom they are not a weapon against somebody else. */
  function answer(request: Buffer, sender: Sender, wire: Wire, message: Buffer): void {
    const { address } = sender
    const isFree = isExempt(address)
    if (!isFree && settings.networkRate > 0) {
      const { networkRate } = settings
      if (networkAnswers.take(networkOf(address), networkRate, clock.monotonicMs()) > 0) {
        metrics.refused('network')
        isSlipped = !isSlipped
        if (!isSlipped) send(wire, sender, busyAnswer(request, clock.now()))
        return
      }
    }
    if (message.length <= datagramBytesMax) {
      send(wire, sender, message)
      return
    }
    // Each datagram has an envelope of its own, which counts too.
    const bytes = message.length + envelopeBytes * (fragmentCount(message.length) - 1)
    if (!isFree && bytes > amplificationMax * request.length && !isKnown(address)) {
      metrics.refused('amplification')
      send(wire, sender, busyAnswer(request, clock.now()))
      return
    }
    const envelope = decodeEnvelope(new ByteReader(message))
    for (const datagram of splitFragments(envelope, message.subarray(envelopeBytes))) {
      send(wire, sender, datagram)
    }
  }

  return {
    makeSocket(family) {
      const socket = createSocket({
        type: family,
        ipv6Only: family === 'udp6',
        recvBufferSize: socketBufferBytes,
        sendBufferSize: socketBufferBytes,
        // Addresses are given as they came: nothing is to be looked up.
        lookup: (host, _options, callback) => callback(null, host, family === 'udp4' ? 4 : 6),
      })
      // What the kernel says of single datagrams later is no reason to stop answering others.
      socket.on('error', () => undefined)
      const wire = { socket, batch: door.makeBatch() }
      socket.on('message', (datagram, sender) => receive(datagram, sender, wire))
      return socket
    },
  }
}

function send({ socket }: Wire, { address, port }: Sender, datagram: Buffer): void {
  try {
    socket.send(datagram, port, address)
  } catch (error) {
    // The door has closed while the answer was waited for.
    if (!isClosed(error)) throw error
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SOCKET_DGRAM_NOT_RUNNING'
}

/** What the kernel did not take at once is read from these very bytes later. */
function useAgain({ socket, batch }: Wire): void {
  const isRead = () => socket.getSendQueueCount() > 0
  if (isRead()) batch.renew(isRead)
  else batch.clear()
}

function isOneDatagram(datagram: Buffer): boolean {
  return datagram.readUInt32BE(16) === datagram.length - envelopeBytes
}

/** A question may be asked again: only the outcome of what does something is remembered. */
function isRepeatable(frame: Buffer): boolean {
  return frame.length < envelopeBytes + headerBytes || isQuestion(frame.readUInt32BE(envelopeBytes))
}

function idOf(frame: Buffer): number {
  return frame.readUInt32BE(8)
}

/**
 * SERVER_TOO_BUSY without a word: smaller than any question that gets an answer, and hdllib goes to TCP for it. The TC
 * bit would say "one of several datagrams" and never "ask again".
 */
function busyAnswer(request: Buffer, nowMs: number): Buffer {
  const output = Buffer.alloc(busyBytes)
  request.copy(output, 0, 0, 12)
  output[2] = (request[2] as number) & 0x03
  output.writeUInt32BE(busyBytes - envelopeBytes, 16)
  if (request.length >= envelopeBytes + 4) request.copy(output, 20, 20, 24)
  output.writeUInt32BE(responseCodes.SERVER_TOO_BUSY, 24)
  output.writeUInt16BE(siteSerialUnknown, 32)
  output.writeUInt32BE(Math.floor(nowMs / 1000) + expirationSeconds, 36)
  output.writeUInt32BE(4, 40)
  return output
}

interface KnownReply {
  readonly request: Buffer
  readonly reply: Promise<Buffer | undefined>
  readonly madeAtMs: number
}

/** Answers to repeat: a client that did not get one asks again with the same request id. */
function makeReplies() {
  const replies = new Map<string, KnownReply>()
  return {
    /** The answer to the very same request. */
    get(key: string, request: Buffer, nowMs: number): KnownReply['reply'] | undefined {
      const known = replies.get(key)
      const isFresh = known !== undefined && nowMs - known.madeAtMs < replyLifeMs
      return isFresh && known.request.equals(request) ? known.reply : undefined
    },
    set(key: string, request: Buffer, reply: KnownReply['reply'], nowMs: number): void {
      replies.delete(key)
      replies.set(key, { request, reply, madeAtMs: nowMs })
      const [oldest] = replies.keys()
      if (replies.size > repliesMax && oldest !== undefined) replies.delete(oldest)
    },
  }
}
