import type { Socket } from 'node:net'
import { isWriting, type Listed } from '../open-connections.ts'
import type { AnswerBatch } from './answer-batch.ts'
import type { Asker } from './answer-cached.ts'
import { AnswerQueue } from './answer-queue.ts'
import { type MessageDoor, makePeer } from './door.ts'
import { envelopeBytes } from './envelope.ts'
import { Inbox, type WaitingBytes } from './inbox.ts'
import { messageBytesMax } from './limits.ts'
import { isQuestion } from './operations/index.ts'
import type { HandleParts } from './parts.ts'
import type { Peer } from './request.ts'

/** Wrong proofs of identity on one connection. */
const failedProofsMax = 5
/** Questions of one connection that wait for the store at once; the next ones wait unread. */
const underWayMax = 64
/** Bytes a peer may leave unread before we stop reading what it asks. */
const unreadBytesMax = 4 * messageBytesMax
/** Bytes of unfinished messages of all connections together. */
const waitingBytesMax = 64 * 1024 * 1024
/** What fits a segment on any path (RFC 9293 §3.7.1, less the options). */
const segmentBytes = 500
/** How long a connection that is ending may still send. */
const endTimeoutMs = 1_000

/** Versions a real peer writes: 2.x, and 5.0 for 2.0 by old ones. Anything else is no envelope, such as HTTP. */
const majorVersionMax = 5

/** What the connections of a door have in common. */
export interface Shared extends Pick<HandleParts, 'settings' | 'clock'> {
  readonly door: MessageDoor
  /** Empty between two turns of any connection. */
  readonly batch: AnswerBatch
  readonly waiting: WaitingBytes
  isClosing: boolean
  /** The connection is not here any more. */
  readonly onGone: (connection: Connection) => void
}

/**
 * Reads messages off one socket and answers them in their order. What memory can answer is answered while reading, all
 * of one chunk in one write; everything else takes a place in the queue.
 *
 * Most connections of those who keep none ask one question that memory answers: what only others need is made when needed.
 */
export class Connection implements Asker, Listed {
  readonly address: string
  place = -1
  readonly #socket: Socket
  readonly #shared: Shared
  /** Made for the first question that memory does not answer. */
  #peer: Peer | undefined
  /** Made for the first message that does not come in one piece. */
  #inbox: Inbox | undefined
  #queue: AnswerQueue | undefined
  #lastWordMs: number
  /** Since when the peer owes us the rest of a message. */
  #partialSinceMs: number | undefined
  /** Since when the peer has too much of ours to read. */
  #blockedSinceMs: number | undefined
  /** An operation that may change who the peer is: nothing behind it begins before it is done. */
  #isAlone = false
  #hasEnded = false
  #hasWritten = false

  constructor(socket: Socket, shared: Shared) {
    this.address = socket.remoteAddress ?? '0.0.0.0'
    this.#socket = socket
    this.#shared = shared
    this.#lastWordMs = shared.clock.monotonicMs()
    socket.on('data', this.#read)
    socket.on('end', this.#endToo)
    socket.on('error', ignore)
    socket.on('close', this.#forget)
  }

  get identity(): Peer['identity'] {
    return this.#peer?.identity
  }

  /** Ends what takes too long. */
  look(nowMs: number): void {
    const { messageTimeoutMs, idleTimeoutMs } = this.#shared.settings
    const isLate = (sinceMs: number | undefined) =>
      sinceMs !== undefined && nowMs - sinceMs > messageTimeoutMs
    if (isLate(this.#blockedSinceMs)) this.#drop('unread')
    else if (isLate(this.#partialSinceMs)) this.#drop('slow')
    else if (this.#isIdle() && nowMs - this.#lastWordMs > idleTimeoutMs) this.destroy()
  }

  /** Ends it when everything asked is answered. */
  finish(): void {
    const mayEnd = this.#hasEnded || this.#shared.isClosing
    if (!mayEnd || !this.#isIdle() || this.#socket.writableEnded) return
    // What closes the socket ends it too; what shuts it down first takes a system call more.
    if (this.#hasEnded && this.#socket.writableLength === 0) this.destroy()
    else this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #read = (chunk: Buffer): void => {
    this.#lastWordMs = this.#shared.clock.monotonicMs()
    const isBehind = this.#inbox !== undefined && !this.#inbox.isEmpty
    if (!isBehind && chunk.length >= envelopeBytes && !this.#isFull()) this.#answerAll(chunk)
    else {
      this.#inbox ??= new Inbox(this.#shared.waiting)
      this.#inbox.add(chunk)
      if (this.#shared.waiting.byteCount > waitingBytesMax) this.#drop('memory')
      this.#readMessages()
    }
  }

  /** The peer has said all; what it asked is still answered. */
  readonly #endToo = (): void => {
    this.#hasEnded = true
    this.finish()
  }

  readonly #forget = (): void => {
    this.#inbox?.empty()
    if (this.#peer !== undefined) this.#peer.identity = undefined
    this.#shared.onGone(this)
  }

  #isIdle(): boolean {
    return this.#queue === undefined || this.#queue.length === 0
  }

  #isFull(): boolean {
    const isWaiting = this.#queue !== undefined && this.#queue.length >= underWayMax
    return this.#isAlone || isWaiting || this.#blockedSinceMs !== undefined
  }

  /** Reads what has come so far, where it is worth it. */
  #readMessages(): void {
    const inbox = this.#inbox
    if (inbox === undefined || this.#socket.destroyed || this.#isFull()) return
    if (inbox.isWorthReading) this.#answerAll(inbox.take())
    else if (!inbox.isEmpty) this.#partialSinceMs ??= this.#lastWordMs
  }

  #answerAll(input: Buffer): void {
    const at = this.#answerMessages(input)
    this.#writeBatch()
    if (at === undefined) return
    const isPartial = at < input.length && !this.#isFull()
    if (at < input.length) {
      const rest = at === 0 ? input : input.subarray(at)
      this.#inbox ??= new Inbox(this.#shared.waiting)
      this.#inbox.putBack(rest, isPartial ? neededFor(rest) : envelopeBytes)
    }
    if (!isPartial) this.#partialSinceMs = undefined
    else if (at > 0) this.#partialSinceMs = this.#lastWordMs
    else this.#partialSinceMs ??= this.#lastWordMs
    if (this.#isFull()) this.#socket.pause()
  }

  /** @returns where the first message begins that is not answered yet; undefined where nothing more is to be read */
  #answerMessages(input: Buffer): number | undefined {
    let at = 0
    while (input.length - at >= envelopeBytes && !this.#isFull()) {
      if (!isEnvelope(input, at)) {
        this.#writeBatch()
        this.#drop('envelope')
        return undefined
      }
      const end = at + frameBytes(input, at)
      if (end - at > envelopeBytes + messageBytesMax) {
        this.#refuseTooLong(input.subarray(at, at + envelopeBytes))
        return undefined
      }
      if (end > input.length) break
      this.#answerOne(input, at, end)
      at = end
    }
    return at
  }

  #answerOne(input: Buffer, start: number, end: number): void {
    const { batch, door } = this.#shared
    if (batch.isFull) this.#writeBatch()
    const answerAt = batch.byteCount
    if (door.answerCached(input, start, end, this, this.#lastWordMs, batch)) {
      door.metrics.answeredCached('tcp')
      if (!this.#isIdle()) this.#queue?.addReady(batch.takeBack(answerAt))
      return
    }
    const mustBeAlone = !isConcurrent(input, start, end)
    if (mustBeAlone) this.#isAlone = true
    void this.#run(input.subarray(start, end), mustBeAlone).finally(() => {
      if (mustBeAlone) this.#isAlone = false
      if ((this.#peer?.failedProofCount ?? 0) >= failedProofsMax) this.#endAfterWriting()
      this.#goOn()
      this.finish()
    })
  }

  /** Answers one message in its place. */
  async #run(frame: Buffer, mustBeAlone: boolean): Promise<void> {
    const { door } = this.#shared
    const queue = this.#queue ?? new AnswerQueue()
    this.#queue = queue
    this.#peer ??= makePeer(this.address, 'tcp', door.makeChallenges())
    const place = queue.add()
    try {
      if (mustBeAlone) await queue.untilFirst(place)
      await door.answer(frame, this.#peer, message => {
        place.messages.push(message)
        if (!queue.isFirst(place)) return undefined
        this.#writeReady(queue)
        return this.#blockedSinceMs === undefined ? undefined : this.#untilDrained()
      })
    } finally {
      place.isDone = true
      this.#writeReady(queue)
    }
  }

  #untilDrained(): Promise<void> {
    const socket = this.#socket
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
  #writeBatch(): void {
    const { batch } = this.#shared
    if (batch.byteCount === 0) return
    const isFirst = this.#socket.writableLength === 0
    this.#write(isFirst ? batch.view() : Buffer.from(batch.view()))
    if (isFirst && isWriting(this.#socket)) batch.renew(() => isWriting(this.#socket))
    else batch.clear()
  }

  #writeReady(queue: AnswerQueue): void {
    this.#writeBatch()
    const ready = queue.takeReady()
    if (ready.length > 0)
      this.#write(ready.length === 1 ? (ready[0] as Buffer) : Buffer.concat(ready))
  }

  #write(bytes: Buffer): void {
    if (this.#socket.destroyed) return
    // The first answer leaves at once anyway where it is one segment: a system call less for who asks one question.
    if (this.#hasWritten || bytes.length > segmentBytes) this.#socket.setNoDelay(true)
    this.#hasWritten = true
    const isTaken = this.#socket.write(bytes)
    if (isTaken || this.#blockedSinceMs !== undefined) return
    if (this.#socket.writableLength <= unreadBytesMax) return
    this.#blockedSinceMs = this.#shared.clock.monotonicMs()
    this.#socket.once('drain', () => {
      this.#blockedSinceMs = undefined
      this.#goOn()
    })
  }

  /** Reads what was left when there was too much to do. */
  #goOn(): void {
    this.#readMessages()
    if (this.#socket.isPaused() && !this.#isFull() && !this.#socket.destroyed) this.#socket.resume()
  }

  /** The envelope could be read and is answered; what follows it cannot be found any more. */
  #refuseTooLong(envelope: Buffer): void {
    this.#isAlone = true
    this.#shared.door.metrics.refused('envelope')
    this.#socket.pause()
    void this.#run(envelope, true).finally(() => this.#endAfterWriting())
  }

  #drop(reason: 'envelope' | 'slow' | 'unread' | 'memory'): void {
    this.#shared.door.metrics.refused(reason)
    this.destroy()
  }

  /** Reads and discards, so that our last answer is not lost to a reset. */
  #endAfterWriting(): void {
    const socket = this.#socket
    socket.end()
    socket.removeAllListeners('data')
    socket.resume()
    socket.setTimeout(endTimeoutMs, () => socket.destroy())
  }
}

/** A socket that failed is destroyed by itself. */
function ignore(): void {}

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
