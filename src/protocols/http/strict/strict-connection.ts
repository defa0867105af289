import type { Socket } from 'node:net'
import type { AnswerRoom } from '../../../resolver/answer-room.ts'
import { isWriting, type Listed } from '../../open-connections.ts'
import type { HttpLimits } from '../parts.ts'
import { makeReader, type Reader, type StrictRequest } from './read-request.ts'
import type { StrictAnswers } from './strict-answers.ts'

/** Where answers are put together. */
export interface Output {
  /** For what a short read asks. */
  readonly few: AnswerRoom
  /** For more, and for batches. */
  readonly many: AnswerRoom
}

export interface StrictConnectionParts {
  readonly answers: StrictAnswers
  readonly limits: HttpLimits
  readonly clock: { now(): number; monotonicMs(): number }
  /** Whether every answer is to be its connection's last. */
  readonly isLast: () => boolean
  /** What answers' headers end with: date and connection. */
  readonly ending: () => Buffer
  /** Reading is synchronous, so it serves all connections. */
  readonly output: Output
  /** Takes the connection from here on: the ordinary server. */
  readonly serve: (socket: Socket) => void
  /** The peer has ended in the middle of a question. */
  readonly onCutOff: (socket: Socket) => void
  /** The connection is not here any more. */
  readonly onGone: (connection: StrictConnection) => void
}

/** A handful of questions. */
const shortReadBytesMax = 2_048
/** What batches begin with. */
const postByte = 'P'.charCodeAt(0)

/**
 * One connection, as long as it asks nothing but plain questions that have an answer for anyone. With the first byte that
 * is anything else it is handed over, with every byte not yet answered, and does not come back.
 */
export class StrictConnection implements Listed {
  place = -1
  readonly #socket: Socket
  readonly #parts: StrictConnectionParts
  readonly #reader: Reader
  readonly #address: string
  /** How long it may ask nothing, behind an answer. */
  readonly #quietMsMax: number
  /** How long it may owe the rest of a question: as for headers, also where it is a body. */
  readonly #owingMsMax: number
  /** The beginning of a question whose end is still under way; never longer than one. */
  #begun: Buffer | undefined
  /** Whether a question is being asked beyond memory. */
  #isAsking = false

  constructor(socket: Socket, parts: StrictConnectionParts) {
    const { limits } = parts
    this.#socket = socket
    this.#parts = parts
    this.#reader = makeReader(limits.urlBytesMax)
    this.#address = socket.remoteAddress ?? ''
    this.#quietMsMax = Math.min(limits.keepAliveTimeoutMs, limits.idleTimeoutMs)
    this.#owingMsMax = Math.min(limits.headersTimeoutMs, limits.idleTimeoutMs)
    socket.on('data', this.#answer)
    socket.on('end', this.#endToo)
    socket.on('timeout', this.#giveUp)
    socket.on('error', this.#destroy)
    socket.on('close', this.#letGo)
    // Until the first question as long as for its headers; then as long as a connection is kept.
    socket.setTimeout(this.#owingMsMax)
  }

  /** Ends it where nothing is under way but what is being written. */
  endIdle(): void {
    if (!this.#isAsking) this.#socket.end(this.#destroy)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Answers what one read brought, in one write. */
  readonly #answer = (received: Buffer): void => {
    const { answers, clock, isLast, output } = this.#parts
    const startedMs = clock.monotonicMs()
    const chunk = this.#begun === undefined ? received : Buffer.concat([this.#begun, received])
    const isFirstPiece = this.#begun === undefined
    this.#begun = undefined
    const isShort = chunk.length <= shortReadBytesMax && chunk[0] !== postByte
    const room = isShort ? output.few : output.many
    room.comeBack()
    const into = room.bytes
    const ending = this.#parts.ending()
    const mayAnswer = !isLast() && answers.isOpen()
    let at = 0
    let to = 0
    let count = 0
    let request = mayAnswer ? this.#reader.read(chunk, at) : undefined
    while (request !== undefined) {
      const next = answers.write(chunk, request, this.#address, startedMs, ending, into, to)
      if (next < 0) break
      to = next
      at = request.end
      count += 1
      request = this.#reader.read(chunk, at)
    }
    if (count > 0) {
      answers.tell((clock.monotonicMs() - startedMs) / 1000 / count)
      const bytes = into.subarray(0, to)
      // Who does not read holds one such buffer, and no second.
      const isFirst = this.#socket.writableLength === 0
      this.#send(isFirst ? bytes : Buffer.from(bytes))
      if (isFirst && isWriting(this.#socket)) room.leave(() => isWriting(this.#socket))
    }
    const rest = chunk.subarray(at)
    if (rest.length === 0) return
    if (request !== undefined) void this.#askBeyond(chunk, at, request)
    else if (this.#mayWait(rest, count > 0, isFirstPiece)) {
      this.#begun = Buffer.from(rest)
      this.#socket.setTimeout(this.#owingMsMax)
    } else this.#handOver(rest)
  }

  /** Only behind an answer, or for one more piece: who sends byte by byte meets the server's own limits. */
  #mayWait(rest: Buffer, isBehindAnswer: boolean, isFirstPiece: boolean): boolean {
    const begun = this.#reader.begun(rest)
    return begun === 'body' ? isBehindAnswer || isFirstPiece : begun === 'head' && isBehindAnswer
  }

  /** The connection is not read on meanwhile, as behind any question that is being answered. */
  async #askBeyond(chunk: Buffer, at: number, request: StrictRequest): Promise<void> {
    const { answers, clock, isLast, ending } = this.#parts
    const startedMs = clock.monotonicMs()
    this.#isAsking = true
    this.#socket.pause()
    const bytes = await answers.ask(chunk, request, this.#address, ending)
    this.#isAsking = false
    if (this.#socket.destroyed) return
    if (bytes === undefined || isLast()) {
      this.#handOver(chunk.subarray(at))
      return
    }
    answers.tell((clock.monotonicMs() - startedMs) / 1000)
    this.#socket.resume()
    this.#send(bytes)
    if (request.end < chunk.length) this.#answer(chunk.subarray(request.end))
  }

  #send(bytes: Buffer): void {
    // Reads and writes begin it again by themselves.
    if (this.#socket.timeout !== this.#quietMsMax) this.#socket.setTimeout(this.#quietMsMax)
    if (this.#socket.write(bytes)) return
    // Nothing more is read from who does not read.
    this.#socket.pause()
    this.#socket.once('drain', this.#resume)
  }

  #handOver(rest: Buffer): void {
    this.#letGo()
    this.#socket.setTimeout(0)
    this.#socket.pause()
    this.#socket.unshift(rest)
    this.#parts.serve(this.#socket)
    this.#socket.resume()
  }

  readonly #letGo = (): void => {
    const socket = this.#socket
    socket.off('data', this.#answer)
    socket.off('end', this.#endToo)
    socket.off('timeout', this.#giveUp)
    socket.off('error', this.#destroy)
    socket.off('close', this.#letGo)
    socket.off('drain', this.#resume)
    this.#parts.onGone(this)
  }

  readonly #giveUp = (): void => {
    if (this.#isAsking) return
    if (this.#begun === undefined) this.#socket.destroy()
    else this.#handOver(this.#begun)
  }

  readonly #endToo = (): void => {
    if (this.#begun === undefined) this.#socket.end()
    else this.#parts.onCutOff(this.#socket)
  }

  /** Not while a question is being asked: what came in meanwhile would be answered before it. */
  readonly #resume = (): void => {
    if (!this.#isAsking) this.#socket.resume()
  }

  readonly #destroy = (): void => {
    this.#socket.destroy()
  }
}
