import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Timer } from '../../../runtime/clock.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { decodeEnvelope, encodeEnvelope, envelopeBytes } from '../envelope.ts'
import {
  datagramBytesMax,
  decodeFragment,
  type Fragment,
  joinFragments,
  splitFragments,
} from '../fragments.ts'
import { messageBytesMax } from '../limits.ts'
import type { Place } from './ask-tcp.ts'
import type { ClientParts } from './parts.ts'
import { ServerAway } from './server-away.ts'

/** Asks in datagrams (RFC 3652 §2.3), again where no answer comes. */
export type AskUdp = (
  place: Place,
  requestId: number,
  frame: Buffer,
  /** Whether a message is the answer; what is not is passed over, as if it had not come. */
  isAnswer: (frame: Buffer) => boolean,
  signal: AbortSignal,
) => Promise<Buffer>

/** As hdllib and id-pointer wait; the same request id each time, so that the answer is the same. */
const waitsMs = [500, 1_000, 1_500]
/** One question has a socket, and with it a port, of its own: whoever wants to forge an answer has to guess both. */
const socketsMax = 256

export function makeAskUdp({ clock }: Pick<ClientParts, 'clock'>): AskUdp {
  let socketCount = 0

  return async function askUdp({ address, port }, requestId, frame, isAnswer, signal) {
    if (socketCount >= socketsMax) throw new ServerAway('too many sockets are open')
    socketCount += 1
    // The kernel hands over what comes from this peer alone.
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    let timer: Timer | undefined
    let onAbort: (() => void) | undefined
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        const datagrams = datagramsOf(frame)
        const collect = makeCollector(requestId)
        let attempt = 0

        function send(): void {
          const waitMs = waitsMs[attempt]
          if (waitMs === undefined) {
            reject(new ServerAway('no answer over UDP'))
            return
          }
          attempt += 1
          for (const datagram of datagrams) socket.send(datagram)
          timer = clock.after(waitMs, send)
        }

        onAbort = () => reject(signal.reason)
        if (signal.aborted) return onAbort()
        signal.addEventListener('abort', onAbort, { once: true })
        socket.on('error', error => reject(new ServerAway(error.message)))
        socket.on('message', datagram => {
          const answer = collect(datagram)
          if (answer !== undefined && isAnswer(answer)) resolve(answer)
        })
        socket.connect(port, address, send)
      })
    } finally {
      timer?.cancel()
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
      socket.close()
      socketCount -= 1
    }
  }
}

function datagramsOf(frame: Buffer): readonly Buffer[] {
  if (frame.length <= datagramBytesMax) return [frame]
  const envelope = decodeEnvelope(new ByteReader(frame))
  return splitFragments(envelope, frame.subarray(envelopeBytes))
}

/** Puts messages together, one at a time: a fragment of another one begins anew, so that a wrong one blocks nothing. */
function makeCollector(requestId: number): (datagram: Buffer) => Buffer | undefined {
  const fragments = new Map<number, Fragment>()
  let messageLength: number | undefined

  return datagram => {
    const fragment = findFragment(datagram)
    if (fragment === undefined || fragment.envelope.requestId !== requestId) return undefined
    if (fragment.envelope.messageLength !== messageLength) fragments.clear()
    messageLength = fragment.envelope.messageLength
    fragments.set(fragment.envelope.sequenceNumber, fragment)
    if (fragments.size < fragment.fragmentCount) return undefined
    const { envelope, message } = joinFragments([...fragments.values()])
    fragments.clear()
    const writer = new ByteWriter(envelopeBytes + messageBytesMax)
    encodeEnvelope(writer, { ...envelope, sequenceNumber: 0 })
    writer.bytes(message)
    return writer.view()
  }
}

function findFragment(datagram: Buffer): Fragment | undefined {
  try {
    return decodeFragment(datagram)
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}
