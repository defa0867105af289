import { encodeQuestions } from './handle-questions.ts'
import { driveTcp } from './handle-tcp.ts'
import { driveUdp } from './handle-udp.ts'
import { driveHttp } from './http.ts'
import { encodeRequests, type HttpForm } from './http-requests.ts'
import { closedLoop, openLoop, type Pace } from './pace.ts'
import { type Loaded, makeTally, type Tally } from './tally.ts'

/** Where a server is; the host is an address. */
export interface Place {
  readonly host: string
  readonly port: number
}

export interface Load {
  readonly via: 'tcp' | 'udp' | 'http'
  readonly place: Place
  /** Asked one after another, again and again. */
  readonly identifiers: readonly string[]
  /** How it is asked over HTTP. */
  readonly form?: HttpForm
  /** Past the caches, over HTTP: what an answer costs that has to be fetched. */
  readonly isCold?: boolean
  readonly connections: number
  /** Questions under way on each connection. */
  readonly depth: number
  /** Questions a second, whatever the answers do; absent: each as soon as there is an answer. */
  readonly perSecond?: number
  /** A new connection for each question; Handle over TCP only, and `depth` is 1 then. */
  readonly isReconnecting?: boolean
  readonly seconds: number
}

/** One question, encoded once. */
export interface Question {
  readonly bytes: Buffer
  /** What its answer is worth, such as the identifiers of a batch. */
  readonly answerCount: number
}

export interface DriveParts {
  readonly place: Place
  /** The next of all, whoever asks: connections that each began at the first would all ask the same. */
  readonly nextQuestion: () => Question
  readonly tally: Tally
  readonly pace: Pace
  readonly depth: number
  readonly isReconnecting: boolean
}

/** Keeps one connection or socket busy until it is told to stop. */
export type Drive = (parts: DriveParts) => () => void

const drives: Readonly<Record<Load['via'], Drive>> = {
  tcp: driveTcp,
  udp: driveUdp,
  http: driveHttp,
}

/** Asks in a closed loop, or at a fixed rate, and says how fast answers came. */
export function runLoad(load: Load): Promise<Loaded> {
  const { via, place, identifiers, form = 'json', isCold = false } = load
  const questions =
    via === 'http'
      ? encodeRequests(identifiers, { form, isCold }, place)
      : encodeQuestions(identifiers)
  return askFor(load, questions)
}

/** The same with questions that are encoded already. */
export async function askFor(
  load: Omit<Load, 'identifiers' | 'form' | 'isCold'>,
  questions: readonly Question[],
): Promise<Loaded> {
  const { via, place, connections, depth, perSecond, isReconnecting = false, seconds } = load
  const tally = makeTally()
  const startedAtMs = performance.now()
  const pace = perSecond === undefined ? closedLoop() : openLoop(perSecond, startedAtMs)
  let askedCount = 0
  const nextQuestion = () => questions[askedCount++ % questions.length] as Question
  const parts = { place, nextQuestion, tally, pace, depth, isReconnecting }
  const stops = Array.from({ length: connections }, () => drives[via](parts))
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  const endedAtMs = performance.now()
  const result = tally.result((endedAtMs - startedAtMs) / 1000, pace.overdue(endedAtMs))
  pace.stop()
  for (const stop of stops) stop()
  return result
}
