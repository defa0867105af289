import type { Socket } from 'node:net'
import type { AnswerBatch } from './answer-batch.ts'
import { AnswerQueue } from './answer-queue.ts'
import { type MessageDoor, makePeer } from './door.ts'
import { envelopeBytes } from './envelope.ts'
import { Inbox, type WaitingBytes } from './inbox.ts'
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
const waitingBytesMax = 64 * 1024 * 1024
/** How long a connection that is ending may still send. */
const endTimeoutMs = 1_000

/** Versions a real peer writes: 2.x, and 5.0 for 2.0 by old ones. Anything else is no envelope, such as HTTP. */
const majorVersionMax = 5

export interface Connection {
  /** Ends what takes too long. */
  look(nowMs: number): void
  finish(): void
  destroy(): void
  forget(): void
}

/** What the connections of a door have in common. */
export interface Shared {
  /** Empty between two turns of any connection. */
  readonly batch: AnswerBatch
  readonly waiting: WaitingBytes
  isClosing: boolean
}

interface ConnectionParts extends Pick<HandleParts, 'settings' | 'clock'> {
  readonly door: MessageDoor
  readonly shared: Shared
}

/**
 * Reads messages off one socket and answers them in their order. What memory can answer is answered while reading, all
 * of one chunk in one write; everything else takes a place in the queue.
 */
export function openConnection(
  socket: Socket,
  { settings, clock, door, shared }: ConnectionParts,
): Connection {
  const { metrics } = door
  const { batch } = shared
  const peer = makePeer(socket.remoteAddress ?? '0.0.0.0', 'tcp', door.makeChallenges())
  const inbox = new Inbox(shared.waiting)
  const queue = new AnswerQueue()
  let lastWordMs = clock.monotonicMs()
  /** Since when the peer owes us the rest of a message. */
  let partialSinceMs: number | undefined
  /** Since when the peer has too much of ours to read. */
  let blockedSinceMs: number | undefined
  /** An operation that may change who the peer is: nothing behind it begins before it is done. */
  let isAlone = false
  let hasEnded = false

  socket.on('data', chunk => {
    lastWordMs = clock.monotonicMs()
    inbox.add(chunk)
    if (shared.waiting.byteCount > waitingBytesMax) drop('memory')
    readMessages()
  })
  socket.on('drain', () => {
    blockedSinceMs = undefined
    goOn()
  })
  // The peer has said all; what it asked is still answered.
  socket.on('end', () => {
    hasEnded = true
    endWhenDone()
  })
  socket.on('error', () => socket.destroy())

  function isFull(): boolean {
    return isAlone || queue.length >= underWayMax || blockedSinceMs !== undefined
  }

  function readMessages(): void {
    if (socket.destroyed || isFull()) return
    if (!inbox.isWorthReading) {
      if (!inbox.isEmpty) partialSinceMs ??= lastWordMs
      return
    }
    const input = inbox.take()
    const at = answerMessages(input)
    writeBatch()
    if (at === undefined) return
    const rest = at === 0 ? input : input.subarray(at)
    const isPartial = rest.length > 0 && !isFull()
    inbox.putBack(rest, isPartial ? neededFor(rest) : envelopeBytes)
    if (!isPartial) partialSinceMs = undefined
    else if (at > 0) partialSinceMs = lastWordMs
    else partialSinceMs ??= lastWordMs
    if (isFull()) socket.pause()
  }

  /** @returns where the first message begins that is not answered yet; undefined where nothing more is to be read */
  function answerMessages(input: Buffer): number | undefined {
    let at = 0
    while (input.length - at >= envelopeBytes && !isFull()) {
      if (!isEnvelope(input, at)) {
        writeBatch()
        drop('envelope')
        return undefined
      }
      const end = at + frameBytes(input, at)
      if (end - at > envelopeBytes + messageBytesMax) {
        refuseTooLong(input.subarray(at, at + envelopeBytes))
        return undefined
      }
      if (end > input.length) break
      answerOne(input, at, end)
      at = end
    }
    return at
  }

  function answerOne(input: Buffer, start: number, end: number): void {
    if (batch.isFull) writeBatch()
    const answerAt = batch.byteCount
    if (door.answerCached(input, start, end, peer, batch)) {
      metrics.answeredCached('tcp')
      if (queue.length > 0) queue.addReady(batch.takeBack(answerAt))
      return
    }
    const mustBeAlone = !isConcurrent(input, start, end)
    if (mustBeAlone) isAlone = true
    void run(input.subarray(start, end), mustBeAlone).finally(() => {
      if (mustBeAlone) isAlone = false
      if (peer.failedProofCount >= failedProofsMax) endAfterWriting()
      goOn()
      endWhenDone()
    })
  }

  /** Answers one message in its place. */
  async function run(frame: Buffer, mustBeAlone: boolean): Promise<void> {
    const place = queue.add()
    try {
      if (mustBeAlone) await queue.untilFirst(place)
      await door.answer(frame, peer, message => {
        place.messages.push(message)
        if (!queue.isFirst(place)) return undefined
        writeReady()
        return blockedSinceMs === undefined ? undefined : drained()
      })
    } finally {
      place.isDone = true
      writeReady()
    }
  }

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

  /** ID-SDK fails when an envelope comes in pieces: here as below, everything there is in one write. */
  function writeBatch(): void {
    if (batch.byteCount === 0) return
    const isFirst = socket.writableLength === 0
    write(isFirst ? batch.view() : Buffer.from(batch.view()))
    // What the kernel did not take at once is read from these very bytes later.
    if (isFirst && socket.writableLength > 0) batch.renew()
    else batch.clear()
  }

  function writeReady(): void {
    writeBatch()
    const ready = queue.takeReady()
    if (ready.length > 0) write(ready.length === 1 ? (ready[0] as Buffer) : Buffer.concat(ready))
  }

  function write(bytes: Buffer): void {
    if (socket.destroyed) return
    socket.write(bytes)
    if (socket.writableLength > unreadBytesMax) blockedSinceMs ??= clock.monotonicMs()
  }

  /** Reads what was left when there was too much to do. */
  function goOn(): void {
    readMessages()
    if (socket.isPaused() && !isFull() && !socket.destroyed) socket.resume()
  }

  /** The envelope could be read and is answered; what follows it cannot be found any more. */
  function refuseTooLong(envelope: Buffer): void {
    isAlone = true
    metrics.refused('envelope')
    socket.pause()
    void run(envelope, true).finally(endAfterWriting)
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
    if ((hasEnded || shared.isClosing) && queue.length === 0 && !socket.writableEnded) socket.end()
  }

  return {
    look(nowMs) {
      const isLate = (sinceMs: number | undefined) =>
        sinceMs !== undefined && nowMs - sinceMs > settings.messageTimeoutMs
      if (isLate(blockedSinceMs)) drop('unread')
      else if (isLate(partialSinceMs)) drop('slow')
      else if (queue.length === 0 && nowMs - lastWordMs > settings.idleTimeoutMs) socket.destroy()
    },
    finish: endWhenDone,
    destroy: () => void socket.destroy(),
    forget() {
      inbox.empty()
      peer.identity = undefined
    },
  }
}

function isEnvelope(input: Buffer, at: number): boolean {
  const major = input[at] as number
  return major > 0 && major <= majorVersionMax
}

/** How long envelope and message are, as the envelope says. */
function frameBytes(input: Buffer, at: number): number {
  return envelopeBytes + input.readUInt32BE(at + 16)
}

/** How many bytes the message takes that begins here. */
function neededFor(rest: Buffer): number {
  return rest.length < envelopeBytes ? envelopeBytes : frameBytes(rest, 0)
}

/** Resolution and site info change nothing: they may run side by side. */
function isConcurrent(input: Buffer, start: number, end: number): boolean {
  if (end - start < envelopeBytes + 4) return true
  return isQuestion(input.readUInt32BE(start + envelopeBytes))
}
