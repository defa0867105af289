import { createSocket } from 'node:dgram'
import { createHistogram } from 'node:perf_hooks'
import type { Seen } from './measure.ts'
import { knotZone, type ThrowAway } from './servers.ts'

/** A datagram that got lost leaves its place empty for so long. */
const sweepMs = 500
/** Offered by EDNS (RFC 6891 §6.1.2), so that an answer as large as ours fits one datagram. */
const payloadBytesMax = 4_096

export interface KnotLoad {
  readonly connections: number
  readonly depth: number
  readonly seconds: number
  readonly nameCount: number
}

/** Asks for texts of {@link knotZone} from so many sockets with so many questions under way on each. */
export async function askKnot(
  { host, port }: ThrowAway,
  { connections, depth, seconds, nameCount }: KnotLoad,
): Promise<Seen> {
  const questions = Array.from({ length: nameCount }, (_, at) =>
    encodeQuestion(`n${at}.${knotZone}`),
  )
  const latencies = createHistogram()
  const counts = { answers: 0, bytes: 0, errors: 0 }
  let askedCount = 0
  let hasEnded = false
  const stops = Array.from({ length: connections }, () => {
    const sentAtMs = new Float64Array(depth)
    const socket = createSocket({ type: 'udp4', lookup: (name, _, done) => done(null, name, 4) })
    function ask(slot: number): void {
      const question = Buffer.from(questions[askedCount++ % questions.length] as Buffer)
      question.writeUInt16BE(slot, 0)
      sentAtMs[slot] = performance.now()
      socket.send(question, port, host)
    }
    socket.on('message', answer => {
      const slot = answer.readUInt16BE(0)
      if (hasEnded || slot >= depth) return
      counts.answers += 1
      counts.bytes += answer.length
      // RCODE 0, one answer at least (RFC 1035 §4.1.1).
      if (((answer[3] ?? 0) & 15) !== 0 || answer.readUInt16BE(6) === 0) counts.errors += 1
      latencies.record(Math.max(1, Math.round((performance.now() - (sentAtMs[slot] ?? 0)) * 1e6)))
      ask(slot)
    })
    for (let slot = 0; slot < depth; slot++) ask(slot)
    const sweep = setInterval(() => {
      const late = performance.now() - sweepMs
      for (const [slot, atMs] of sentAtMs.entries()) if (atMs < late) ask(slot)
    }, sweepMs)
    return () => {
      clearInterval(sweep)
      socket.close()
    }
  })
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  hasEnded = true
  for (const stop of stops) stop()
  const ms = (percentile: number) => latencies.percentile(percentile) / 1e6
  return {
    answerCount: counts.answers,
    answersPerSecond: counts.answers / seconds,
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    errorCount: counts.errors,
    bytesPerAnswer: counts.bytes / Math.max(1, counts.answers),
  }
}

/** One question for a text (RFC 1035 §4.1), with an OPT record behind it; the first two bytes are its id. */
function encodeQuestion(name: string): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1])
  const labels = name.split('.').flatMap(label => [Buffer.from([label.length]), Buffer.from(label)])
  const textInInternet = Buffer.from([0, 0, 16, 0, 1])
  const opt = Buffer.from([0, 0, 41, payloadBytesMax >> 8, payloadBytesMax & 255, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([head, ...labels, textInInternet, opt])
}
