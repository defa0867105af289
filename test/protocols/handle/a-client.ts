import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import { encodeHandleBody } from '../../../src/protocols/handle/bodies/handle.ts'
import {
  decodeResolutionAnswer,
  encodeResolutionRequest,
} from '../../../src/protocols/handle/bodies/resolution.ts'
import {
  decodeEnvelope,
  type Envelope,
  envelopeBytes,
} from '../../../src/protocols/handle/envelope.ts'
import { decodeFragment, joinFragments } from '../../../src/protocols/handle/fragments.ts'
import {
  decodeMessage,
  encodeMessage,
  type Message,
} from '../../../src/protocols/handle/message.ts'

export interface Answered extends Message {
  readonly envelope: Envelope
  /** The whole frame. */
  readonly bytes: Buffer
}

export interface Asked {
  readonly opCode?: number
  readonly opFlags?: number
  readonly body?: Buffer
  readonly requestId?: number
  readonly sessionId?: number
  /** What the peer speaks and suggests, as `[major, minor, major, minor]`. */
  readonly version?: readonly [number, number, number, number]
}

/** PUBL, as id-pointer and Handle.Net clients set it. */
export const publicFlags = 0x1900_0000

let lastRequestId = 1000

/** A request as a client writes it. */
export function aFrame(asked: Asked): Buffer {
  const { opCode = 1, opFlags = publicFlags, body = Buffer.alloc(0), sessionId = 0 } = asked
  const [majorVersion, minorVersion, suggestMajor, suggestMinor] = asked.version ?? [2, 10, 2, 11]
  const writer = new ByteWriter(1_000_000)
  encodeMessage(writer, {
    envelope: {
      majorVersion,
      minorVersion,
      compressed: false,
      encrypted: false,
      truncated: false,
      suggestMajor,
      suggestMinor,
      sessionId,
      requestId: asked.requestId ?? ++lastRequestId,
      sequenceNumber: 0,
    },
    header: {
      opCode,
      responseCode: 0,
      opFlags,
      siteInfoSerialNumber: 1,
      recursionCount: 0,
      expirationTime: 0,
    },
    body,
  })
  return writer.taken()
}

export function aQuestion(
  handle: string,
  more: {
    readonly indexes?: readonly number[]
    readonly types?: readonly string[]
  } & Asked = {},
): Buffer {
  const { indexes = [], types = [], ...asked } = more
  return aFrame({ ...asked, body: bodyOf(encodeResolutionRequest, { handle, indexes, types }) })
}

export function aHandleBody(handle: string): Buffer {
  return bodyOf(encodeHandleBody, handle)
}

/** What an encoder of ours writes. */
export function bodyOf<Content>(
  encode: (writer: ByteWriter, content: Content) => void,
  content: Content,
): Buffer {
  const writer = new ByteWriter(1_000_000)
  encode(writer, content)
  return writer.taken()
}

export function readAnswer(bytes: Buffer): Answered {
  const reader = new ByteReader(bytes)
  const envelope = decodeEnvelope(reader)
  return { ...decodeMessage(bytes, envelope, reader.offset), envelope, bytes }
}

export function valuesIn({ body }: Message) {
  return decodeResolutionAnswer(new ByteReader(body))
}

export interface TcpClient {
  readonly socket: Socket
  /** Sends bytes and reads the next answer. */
  ask(frame: Buffer): Promise<Answered>
  /** The next answer. */
  next(): Promise<Answered>
  /** Resolves when the other end has closed. */
  closed(): Promise<void>
}

/** @param at `127.0.0.1:2641` */
export function placeOf(at: string): { host: string; port: number } {
  const colon = at.lastIndexOf(':')
  return { host: at.slice(0, colon).replace(/[[\]]/g, ''), port: Number(at.slice(colon + 1)) }
}

/** A connection that reads one frame after another. */
export async function aTcpClient(t: Test, at: string): Promise<TcpClient> {
  const socket = connect({ ...placeOf(at), noDelay: true })
  await once(socket, 'connect')
  t.teardown(() => socket.destroy())
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  let input = Buffer.alloc(0)
  const answers: Answered[] = []
  const waiting: { resolve: (answer: Answered) => void; reject: (error: Error) => void }[] = []
  socket.on('data', chunk => {
    input = Buffer.concat([input, chunk])
    while (input.length >= envelopeBytes) {
      const end = envelopeBytes + input.readUInt32BE(16)
      if (input.length < end) return
      const answer = readAnswer(Buffer.from(input.subarray(0, end)))
      input = input.subarray(end)
      const first = waiting.shift()
      if (first === undefined) answers.push(answer)
      else first.resolve(answer)
    }
  })
  socket.once('close', () => {
    for (const { reject } of waiting) reject(new Error('the connection was closed'))
  })
  const next = () =>
    new Promise<Answered>((resolve, reject) => {
      const ready = answers.shift()
      if (ready !== undefined) resolve(ready)
      else if (socket.destroyed) reject(new Error('the connection was closed'))
      else waiting.push({ resolve, reject })
    })
  return {
    socket,
    next,
    ask(frame) {
      socket.write(frame)
      return next()
    },
    closed: () => closed,
  }
}

export interface UdpClient {
  /** Sends datagrams and reads the whole answer to the last one's request id. */
  ask(...datagrams: readonly Buffer[]): Promise<Answered>
  send(datagram: Buffer): void
  /** Datagrams that came and belong to no `ask`. */
  readonly received: Buffer[]
}

export async function aUdpClient(t: Test, at: string): Promise<UdpClient> {
  const { host, port } = placeOf(at)
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  socket.bind(0, host)
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const received: Buffer[] = []
  let whenReceived: () => void = () => undefined
  socket.on('message', datagram => {
    received.push(datagram)
    whenReceived()
  })
  const send = (datagram: Buffer) => socket.send(datagram, port, host)
  return {
    received,
    send,
    ask(...datagrams) {
      const requestId = datagrams.at(-1)?.readUInt32BE(8)
      for (const datagram of datagrams) send(datagram)
      return new Promise(resolve => {
        whenReceived = () => {
          const fragments = received
            .filter(datagram => datagram.readUInt32BE(8) === requestId)
            .map(decodeFragment)
          if (fragments[0] === undefined || fragments.length < fragments[0].fragmentCount) return
          received.length = 0
          const { envelope, message } = joinFragments(fragments)
          const head = Buffer.from((fragments[0] as { payload: Buffer }).payload.buffer, 0, 0)
          resolve({
            ...decodeMessage(Buffer.concat([head, message]), envelope, 0),
            envelope,
            bytes: message,
          })
        }
        whenReceived()
      })
    },
  }
}
