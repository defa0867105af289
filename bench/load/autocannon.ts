import autocannon from 'autocannon'
import type { HttpLoad } from './http.ts'
import type { Seen, Target } from './measure.ts'

/** A closed loop of some seconds, where there is no wrk: the client takes more of the machine than the server does. */
export async function askByAutocannon(
  { host, port }: Target,
  { asks, connections, depth, isRefused = false, answersPerRequest = 1 }: HttpLoad,
  seconds: number,
): Promise<Seen> {
  const result = await autocannon({
    url: `http://${host}:${port}`,
    connections,
    pipelining: depth,
    duration: seconds,
    requests: asks.map(({ method, path, headers, body }) => ({
      method,
      path,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
    })),
  })
  const requestCount = isRefused ? result.non2xx : result['2xx']
  const answerCount = requestCount * answersPerRequest
  return {
    answerCount,
    answersPerSecond: answerCount / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    p999Ms: result.latency.p99_9,
    errorCount: result.errors + (isRefused ? result['2xx'] : result.non2xx),
    bytesPerAnswer: result.throughput.total / Math.max(1, answerCount),
  }
}
