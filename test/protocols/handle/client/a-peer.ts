import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { ByteReader } from '../../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../../src/protocols/bytes/writer.ts'
import {
  decodeResolutionRequest,
  encodeResolutionAnswer,
} from '../../../../src/protocols/handle/bodies/resolution.ts'
import { decodeEnvelope } from '../../../../src/protocols/handle/envelope.ts'
import { decodeMessage, encodeMessage } from '../../../../src/protocols/handle/message.ts'
import { aValue } from '../../../support/builders.ts'
import { bodyOf } from '../a-client.ts'

export interface AnswerMore {
  readonly responseCode?: number
  readonly requestId?: number
  /** In place of the handle that was asked. */
  readonly handle?: string
  /** Of the value's data. */
  readonly text?: string
}

/** What a server says to a question. */
export function anAnswerTo(frame: Buffer, more: AnswerMore = {}): Buffer {
  const envelope = decodeEnvelope(new ByteReader(frame))
  const { header, body } = decodeMessage(frame, envelope, 20)
  const { handle } = decodeResolutionRequest(new ByteReader(body))
  const { responseCode = 1, text = 'https://example.cn' } = more
  const answer = {
    handle: more.handle ?? handle,
    values: [aValue({ data: { format: 'string', value: text } })],
  }
  const writer = new ByteWriter(1_000_000)
  encodeMessage(writer, {
    envelope: { ...envelope, requestId: more.requestId ?? envelope.requestId },
    header: { ...header, responseCode },
    body: responseCode === 1 ? bodyOf(encodeResolutionAnswer, answer) : Buffer.alloc(4),
  })
  return writer.taken()
}

/** A TCP server that does with each chunk what the test says. */
export async function aTcpPeer(t: Test, onChunk: (chunk: Buffer, socket: Socket) => void) {
  const peer = { port: 0, connectionCount: 0 }
  const server = createServer(socket => {
    peer.connectionCount += 1
    socket.on('error', () => undefined)
    socket.on('data', chunk => onChunk(chunk, socket))
    t.teardown(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  peer.port = (server.address() as AddressInfo).port
  return peer
}

/** A UDP server that does with each datagram what the test says. */
export async function aUdpPeer(
  t: Test,
  onDatagram: (datagram: Buffer, send: (answer: Buffer) => void, from: RemoteInfo) => void,
) {
  const socket = createSocket('udp4')
  const datagrams: Buffer[] = []
  socket.on('message', (datagram, from) => {
    datagrams.push(datagram)
    onDatagram(datagram, answer => socket.send(answer, from.port, from.address), from)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return { port: socket.address().port, datagrams }
}
