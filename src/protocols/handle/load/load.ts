import { encodeQuestions } from './handle-questions.ts'
import { driveTcp } from './handle-tcp.ts'
import { driveUdp } from './handle-udp.ts'
import { type Loaded, makeTally, type Tally } from './tally.ts'

/** Where a Handle server is; the host is an address. */
export interface Place {
  readonly host: string
  readonly port: number
}

export interface Load {
  readonly via: 'tcp' | 'udp'
  readonly place: Place
  /** Asked one after another, again and again. */
  readonly handles: readonly string[]
  readonly connections: number
  /** Questions under way on each connection. */
  readonly depth: number
  /** A new connection for each question; TCP only, and `depth` is 1 then. */
  readonly isReconnecting?: boolean
  readonly seconds: number
}

/** Keeps one connection or socket busy until it is told to stop. */
export type Drive = (
  place: Place,
  questions: readonly Buffer[],
  tally: Tally,
  load: Pick<Load, 'depth' | 'isReconnecting'>,
) => () => void

/** Asks as fast as answers come (a closed loop), and says how fast that was. */
export async function runLoad(load: Load): Promise<Loaded> {
  const { via, place, handles, connections, seconds } = load
  const drive = via === 'tcp' ? driveTcp : driveUdp
  const questions = encodeQuestions(handles)
  const tally = makeTally()
  const startedAtMs = performance.now()
  const stops = Array.from({ length: connections }, () => drive(place, questions, tally, load))
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  const result = tally.result((performance.now() - startedAtMs) / 1000)
  for (const stop of stops) stop()
  return result
}
