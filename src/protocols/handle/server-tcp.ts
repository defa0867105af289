import { createServer, type Server, type Socket } from 'node:net'
import { type HandleDoor, makePeer } from './door.ts'
import { envelopeBytes } from './envelope.ts'
import { messageBytesMax } from './limits.ts'
import { isQuestion } from './operations/index.ts'
import type { HandleParts } from './parts.ts'

/** Wrong proofs of identity on one connection. */
const failedProofsMax = 5
/** Questions of one connection that wait for the store at once; the next ones wait unread. */
const underWayMax = 64
/** Bytes a peer may leave unread before we stop reading what it asks. */
const unreadBytesMax = 4 * messageBytesMax
/** Bytes of unfinished messages of all connections together. */
const partialBytesMax = 64 * 1024 * 1024
/** How often connections are looked at: the most by which a limit of time may be late. */
const sweepEveryMs = 1_000
const backlog = 511

/** Versions a real peer writes: 2.x, and 5.0 for 2.0 by old ones. Anything else is no envelope, such as HTTP. */
const majorVersionMax = 5

export interface TcpDoor {
  /** A server that does not listen yet; they share connections, limits and end. */
  makeServer(): Server
  readonly connectionCount: number
  /** Whether the address has a connection here, or lately had one: then it is no forged sender over UDP. */
  knows(address: string): boolean
  /** Ends: idle connections now, the others when their answers are written. */
  close(): void
  /** Ends all that is left. */
  destroy(): void
}

type TcpParts = Pick<HandleParts, 'settings' | 'clock'>

/** Envelope and message, one after another, for as long as the peer likes (RFC 3652 §2.3.2): the national SDKs keep connections. */
export function makeTcpDoor({ settings, clock }: TcpParts, door: HandleDoor): TcpDoor {
  const connections = new Set<Connection>()
  const known = makeKnownAddresses(clock)
  const shared: Shared = { partialBytes: 0, isClosing: false }
  const sweep = clock.every(sweepEveryMs, () => {
    const now = clock.monotonicMs()
    for (const connection of connections) connection.look(now)
  })

  function accept(socket: Socket): void {
    if (connections.size >= settings.connectionsMax || shared.isClosing) {
      door.metrics.refused('connections')
      socket.destroy()
      return
    }
    const connection = openConnection(socket, { settings, clock, door, shared })
    connections.add(connection)
    const address = socket.remoteAddress ?? ''
    known.see(address)
    socket.once('close', () => {
      known.see(address)
      connections.delete(connection)
      connection.forget()
    })
  }

  return {
    makeServer() {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, accept)
      // Beyond our own bound, so that a refusal is counted.
      server.maxConnections = settings.connectionsMax + backlog
      return server
    },
    get connectionCount() {
      return connections.size
    },
    knows: address => known.has(address),
    close() {
      shared.isClosing = true
      sweep.cancel()
      for (const connection of connections) connection.finish()
    },
    destroy() {
      for (const connection of connections) connection.destroy()
    },
  }
}

/** How long an address stays known after its connection has ended. */
const knownForMs = 600_000
const knownMax = 20_000

/** Addresses that completed a handshake, bounded: the one seen longest ago is forgotten first. */
function makeKnownAddresses(clock: TcpParts['clock']) {
  const seenAtMs = new Map<string, number>()
  return {
    see(address: string): void {
      seenAtMs.delete(address)
      seenAtMs.set(address, clock.monotonicMs())
      const [oldest] = seenAtMs.keys()
      if (seenAtMs.size > knownMax && oldest !== undefined) seenAtMs.delete(oldest)
    },
    has(address: string): boolean {
      const at = seenAtMs.get(address)
      return at !== undefined && clock.monotonicMs() - at < knownForMs
    },
  }
}

interface Shared {
  partialBytes: number
  isClosing: boolean
}

interface Connection {
  /** Ends what takes too long. */
  look(nowMs: number): void
  finish(): void
  destroy(): void
  forget(): void
}

interface ConnectionParts extends TcpParts {
  readonly door: HandleDoor
  readonly shared: Shared
}

/** An answer in its place: pipelined requests are answered in their order. */
interface Slot {
  readonly messages: Buffer[]
  isDone: boolean
}

function openConnection(
  socket: Socket,
  { settings, clock, door, shared }: ConnectionParts,
): Connection {
  const { metrics } = door
  const peer = makePeer(socket.remoteAddress ?? '0.0.0.0', 'tcp', door.makeChallenges())
  /** What has come and is not yet a whole message. */
  let waiting: Buffer[] = []
  let waitingBytes = 0
  /** How much must be there before it is worth looking again. */
  let neededBytes = envelopeBytes
  let partialSinceMs: number | undefined
  let lastWordMs = clock.monotonicMs()
  let blockedSinceMs: number | undefined
  /** Answers in the order of their requests; the first is the next to be written. */
  const slots: Slot[] = []
  /** An operation that may change who the peer is: nothing behind it begins before it is done. */
  let isAlone = false
  let hasEnded = false

  socket.on('data', chunk => {
    lastWordMs = clock.monotonicMs()
    add(chunk)
    readMessages()
  })
  socket.on('drain', () => {
    blockedSinceMs = undefined
    readMessages()
    resumeReading()
  })
  // The peer has said all; what it asked is still answered.
  socket.on('end', () => {
    hasEnded = true
    endWhenDone()
  })
  socket.on('error', () => socket.destroy())

  function add(chunk: Buffer): void {
    waiting.push(chunk)
    waitingBytes += chunk.length
    shared.partialBytes += chunk.length
    if (shared.partialBytes > partialBytesMax) drop('memory')
  }

  function take(): Buffer {
    const bytes = waiting.length === 1 ? (waiting[0] as Buffer) : Buffer.concat(waiting)
    waiting = []
    shared.partialBytes -= waitingBytes
    waitingBytes = 0
    return bytes
  }

  function keep(rest: Buffer): void {
    if (rest.length === 0) return
    waiting = [rest]
    waitingBytes = rest.length
    shared.partialBytes += rest.length
  }

  function isFull(): boolean {
    return isAlone || slots.length >= underWayMax || blockedSinceMs !== undefined
  }

  /** Takes whole messages off what is waiting; answers that are there at once leave in one write. */
  function readMessages(): void {
    if (socket.destroyed || isFull()) return
    if (waitingBytes < neededBytes) {
      if (waitingBytes > 0) partialSinceMs ??= lastWordMs
      return
    }
    const input = take()
    const output: Buffer[] = []
    let at = 0
    neededBytes = envelopeBytes
    while (input.length - at >= envelopeBytes && !isFull()) {
      const messageLength = input.readUInt32BE(at + 16)
      const major = input[at] as number
      if (major === 0 || major > majorVersionMax) {
        flush(output)
        drop('envelope')
        return
      }
      if (messageLength > messageBytesMax) {
        flush(output)
        refuseTooLong(input.subarray(at, at + envelopeBytes))
        return
      }
      const end = at + envelopeBytes + messageLength
      if (end > input.length) {
        neededBytes = end - at
        break
      }
      answerOne(input, at, end, output)
      at = end
    }
    keep(input.subarray(at))
    const isPartial = waitingBytes > 0 && !isFull()
    partialSinceMs = isPartial ? (at > 0 ? lastWordMs : (partialSinceMs ?? lastWordMs)) : undefined
    flush(output)
    if (isFull()) socket.pause()
  }

  /** @param output takes answers that may be written now */
  function answerOne(input: Buffer, start: number, end: number, output: Buffer[]): void {
    const cached = door.answerCached(input, start, end, peer)
    if (cached !== undefined) {
      metrics.answeredCached('tcp')
      if (slots.length === 0) output.push(cached)
      else slots.push({ messages: [cached], isDone: true })
      return
    }
    const slot: Slot = { messages: [], isDone: false }
    const mustWait = !isConcurrent(input, start, end)
    slots.push(slot)
    if (mustWait) isAlone = true
    // What stands before it goes out first, whatever it does.
    const before = slots.length > 1 ? allDone(slots.slice(0, -1)) : undefined
    const frame = input.subarray(start, end)
    void run(frame, slot, mustWait ? before : undefined).finally(() => {
      slot.isDone = true
      if (mustWait) isAlone = false
      writeDone()
      if (peer.failedProofCount >= failedProofsMax) endAfterWriting()
      readMessages()
      resumeReading()
      endWhenDone()
    })
  }

  async function run(frame: Buffer, slot: Slot, before: Promise<void> | undefined): Promise<void> {
    await before
    await door.answer(frame, peer, message => {
      slot.messages.push(message)
      if (slots[0] !== slot) return undefined
      writeDone()
      return blockedSinceMs === undefined ? undefined : drained()
    })
  }

  /** Answers that were made while an earlier one was not ready. */
  function allDone(earlier: readonly Slot[]): Promise<void> {
    return new Promise(resolve => {
      const check = () => {
        if (socket.destroyed || earlier.every(slot => slot.isDone)) resolve()
        else waitingForOthers.push(check)
      }
      check()
    })
  }
  let waitingForOthers: (() => void)[] = []

  function drained(): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        socket.off('drain', done)
        socket.off('close', done)
        resolve()
      }
      socket.on('drain', done)
      socket.on('close', done)
    })
  }

  /** Writes what may be written, in order and at once. */
  function writeDone(): void {
    const output: Buffer[] = []
    while (slots.length > 0) {
      const [first] = slots as [Slot]
      output.push(...first.messages.splice(0))
      if (!first.isDone) break
      slots.shift()
    }
    flush(output)
    const checks = waitingForOthers
    waitingForOthers = []
    for (const check of checks) check()
  }

  /** ID-SDK fails when an envelope comes in pieces: one write, also for several answers. */
  function flush(output: readonly Buffer[]): void {
    if (output.length === 0 || socket.destroyed) return
    socket.write(output.length === 1 ? (output[0] as Buffer) : Buffer.concat(output))
    if (socket.writableLength > unreadBytesMax) blockedSinceMs ??= clock.monotonicMs()
  }

  function resumeReading(): void {
    if (socket.isPaused() && !isFull() && !socket.destroyed) socket.resume()
  }

  /** The envelope could be read and is answered; what follows it cannot be found any more. */
  function refuseTooLong(envelope: Buffer): void {
    const slot: Slot = { messages: [], isDone: false }
    slots.push(slot)
    isAlone = true
    metrics.refused('envelope')
    void run(envelope, slot, undefined).finally(() => {
      slot.isDone = true
      writeDone()
      endAfterWriting()
    })
  }

  function drop(reason: 'envelope' | 'slow' | 'unread' | 'memory'): void {
    metrics.refused(reason)
    socket.destroy()
  }

  /** Reads and discards, so that our last answer is not lost to a reset. */
  function endAfterWriting(): void {
    socket.end()
    socket.removeAllListeners('data')
    socket.resume()
    socket.setTimeout(endTimeoutMs, () => socket.destroy())
  }

  function endWhenDone(): void {
    if ((hasEnded || shared.isClosing) && slots.length === 0 && !socket.writableEnded) socket.end()
  }

  return {
    look(nowMs) {
      if (blockedSinceMs !== undefined && nowMs - blockedSinceMs > settings.messageTimeoutMs) {
        drop('unread')
      } else if (
        partialSinceMs !== undefined &&
        nowMs - partialSinceMs > settings.messageTimeoutMs
      ) {
        drop('slow')
      } else if (slots.length === 0 && nowMs - lastWordMs > settings.idleTimeoutMs) {
        socket.destroy()
      }
    },
    finish: endWhenDone,
    destroy: () => void socket.destroy(),
    forget() {
      shared.partialBytes -= waitingBytes
      waitingBytes = 0
      waiting = []
      peer.identity = undefined
    },
  }
}

/** How long a connection that is ending may still send. */
const endTimeoutMs = 1_000

/** Resolution and site info change nothing: they may run side by side. */
function isConcurrent(input: Buffer, start: number, end: number): boolean {
  if (end - start < envelopeBytes + 4) return true
  return isQuestion(input.readUInt32BE(start + envelopeBytes))
}
