import { connect, type Socket } from 'node:net'
import type { Drive, Question } from './load.ts'
import type { Outcome } from './tally.ts'

/** A server that refuses connections is not asked more often. */
const pauseAfterBreakMs = 100
const headEnd = Buffer.from('\r\n\r\n')

/** A request that is under way: answers come in the order of the requests (RFC 9112 §9.3.2). */
interface UnderWay {
  readonly question: Question
  readonly dueMs: number
}

/**
 * Asks over one connection that is kept open, with `depth` requests under way on it. Answers have to say their length: a
 * chunked one, which no resolve is, counts as an error and ends the connection.
 */
export const driveHttp: Drive = ({ place, nextQuestion, tally, pace, depth }) => {
  let hasEnded = false
  let socket: Socket

  function open(): void {
    const own = connect({ ...place, noDelay: true })
    socket = own
    const underWay: UnderWay[] = []
    let rest: Buffer = Buffer.alloc(0)

    /** Writes what is due for so many free places at once; a place for which nothing is due waits. */
    function ask(free: number): void {
      if (hasEnded || own !== socket || own.destroyed) return
      const now = performance.now()
      const chunks: Buffer[] = []
      for (let place = 0; place < free; place++) {
        const dueMs = pace.take(now)
        if (dueMs === undefined) {
          pace.wait(() => ask(1))
          continue
        }
        const question = nextQuestion()
        underWay.push({ question, dueMs })
        chunks.push(question.bytes)
      }
      if (chunks.length > 0)
        own.write(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
    }

    own.on('connect', () => ask(depth))
    own.on('data', chunk => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let free = 0
      for (let answer = readAnswer(rest); answer !== undefined; answer = readAnswer(rest)) {
        const asked = underWay.shift()
        if (answer === 'unreadable' || asked === undefined) {
          own.destroy()
          return
        }
        const latencyMs = performance.now() - asked.dueMs
        tally.answered(answer.outcome, answer.length, latencyMs, asked.question.answerCount)
        rest = rest.subarray(answer.length)
        free += 1
      }
      if (free > 0) ask(free)
    })
    own.on('error', () => own.destroy())
    own.on('close', () => {
      if (hasEnded || own !== socket) return
      tally.broken()
      setTimeout(() => hasEnded || open(), pauseAfterBreakMs)
    })
  }

  open()
  return () => {
    hasEnded = true
    socket.destroy()
  }
}

interface Answer {
  readonly outcome: Outcome
  /** Head and body, in bytes. */
  readonly length: number
}

/** @returns undefined while it has not come whole */
function readAnswer(bytes: Buffer): Answer | 'unreadable' | undefined {
  const end = bytes.indexOf(headEnd)
  if (end === -1) return undefined
  const head = bytes.toString('latin1', 0, end)
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? []
  const [, bodyLength] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  if (status === undefined || bodyLength === undefined) return 'unreadable'
  const length = end + headEnd.length + Number(bodyLength)
  if (bytes.length < length) return undefined
  return { outcome: outcomeOf(Number(status)), length }
}

function outcomeOf(status: number): Outcome {
  if (status === 200) return 'found'
  return status === 404 || status === 410 ? 'unknown' : 'refused'
}
