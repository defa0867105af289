import { askFor } from '../../src/load/load.ts'
import { askByAutocannon } from './autocannon.ts'
import { type Measured, measure, type Seen, type Target } from './measure.ts'
import { askByWrk, wrk } from './wrk.ts'

/** One request, as it is sent again and again. */
export interface HttpAsk {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpLoad {
  /** Asked one after the other. */
  readonly asks: readonly HttpAsk[]
  readonly connections: number
  /** Requests under way on each connection. */
  readonly depth: number
  /** What is asked for is refused, and a refusal is an answer. */
  readonly isRefused?: boolean
  /** What one answer is worth, such as the identifiers of a batch. */
  readonly answersPerRequest?: number
  /** Requests a second, whatever the answers do: waiting counts then. Absent: each as soon as there is an answer. */
  readonly perSecond?: number
}

export function get(path: string, headers: HttpAsk['headers'] = {}): HttpAsk {
  return { method: 'GET', path, headers }
}

/** Drives an HTTP server for some seconds: in a closed loop with wrk where there is one, else with autocannon. */
export function measureHttp(target: Target, load: HttpLoad, seconds: number): Promise<Measured> {
  return measure(target.pid, () => {
    const { perSecond } = load
    if (perSecond !== undefined) return askAtRate(target, { ...load, perSecond }, seconds)
    return wrk === undefined
      ? askByAutocannon(target, load, seconds)
      : askByWrk(wrk, target, load, seconds)
  })
}

/** An open loop, which neither of them has. */
async function askAtRate(
  { host, port }: Target,
  {
    asks,
    connections,
    depth,
    isRefused = false,
    answersPerRequest = 1,
    perSecond,
  }: HttpLoad & { readonly perSecond: number },
  seconds: number,
): Promise<Seen> {
  const questions = asks.map(ask => ({
    bytes: requestBytes(ask, `${host}:${port}`),
    answerCount: answersPerRequest,
  }))
  const load = {
    ...({ via: 'http', place: { host, port }, connections, depth, seconds, perSecond } as const),
  }
  const loaded = await askFor(load, questions)
  const refusedCount = loaded.unknownCount
  const wrongCount = isRefused ? loaded.answerCount - refusedCount : refusedCount
  return { ...loaded, errorCount: loaded.errorCount + wrongCount }
}

function requestBytes({ method, path, headers, body }: HttpAsk, host: string): Buffer {
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ Host: host, ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`)
}
