import { Counter, Histogram, type Registry } from 'prom-client'

export interface HttpMetrics {
  /** One answered request of a route of ours; routes are few, so that labels are. */
  answered(route: string, status: number, seconds: number): void
  /** The same for cached resolves: a number grows, which becomes a metric when somebody looks. Each took so many seconds. */
  answeredFast(status: 200 | 304, seconds: number, count?: number): void
}

/** From a cached answer to a store that is at its deadline. Seconds. */
const buckets = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  10,
]

export const resolveRoute = '/v1/resolve/*'

export function makeHttpMetrics(registry: Registry): HttpMetrics {
  const fast = { 200: 0, 304: 0 }
  const requests = new Counter({
    name: 'qxm_http_requests_total',
    help: 'HTTP requests answered, by route and status',
    labelNames: ['route', 'status'],
    registers: [registry],
    collect() {
      for (const status of [200, 304] as const) {
        this.inc({ route: resolveRoute, status }, fast[status])
        fast[status] = 0
      }
    },
  })
  const seconds = new Histogram({
    name: 'qxm_http_request_seconds',
    help: 'Time from the headers of a request to its whole answer, by route',
    labelNames: ['route'],
    buckets,
    registers: [registry],
  })
  const fastSeconds = seconds.labels(resolveRoute)

  return {
    answered(route, status, elapsedSeconds) {
      requests.labels(route, String(status)).inc()
      seconds.labels(route).observe(elapsedSeconds)
    },
    answeredFast(status, elapsedSeconds, count = 1) {
      fast[status] += count
      for (let i = 0; i < count; i++) fastSeconds.observe(elapsedSeconds)
    },
  }
}
