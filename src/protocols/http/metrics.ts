import { Counter, Histogram, type HistogramConfiguration, type Registry } from 'prom-client'

export interface HttpMetrics {
  /**
   * Answered requests of a route of ours; routes are few, so that labels are. Numbers grow, which become metrics when
   * somebody looks: a cached answer costs little more than prom-client takes to observe one.
   * @param seconds that each of them took
   */
  answered(route: string, status: number, seconds: number, count?: number): void
}

/** From a cached answer to a store that is at its deadline. Seconds. */
const buckets = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  10,
]

export const resolveRoute = '/v1/resolve/*'
export const scanRoute = '/r/*'
export const codeRoute = '/C/:prefix/:code'
/** As the framework writes it: one colon. */
export const batchRoute = '/v1/resolve::batch'
export const handleRoute = '/api/*'

interface Answered {
  readonly byStatus: Map<number, number>
  /** How many took no longer than the bucket of that place, and longer than the one before; the last: longer than all. */
  readonly bySeconds: Float64Array
  seconds: number
}

export function makeHttpMetrics(registry: Registry): HttpMetrics {
  const byRoute = new Map<string, Answered>()
  new Counter({
    name: 'qxm_http_requests_total',
    help: 'HTTP requests answered, by route and status',
    labelNames: ['route', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [route, { byStatus }] of byRoute) {
        for (const [status, count] of byStatus) this.inc({ route, status: String(status) }, count)
      }
    },
  })
  registry.registerMetric(new SecondsByRoute(byRoute))

  function ofRoute(route: string): Answered {
    const known = byRoute.get(route)
    if (known !== undefined) return known
    const bySeconds = new Float64Array(buckets.length + 1)
    const made = { byStatus: new Map<number, number>(), bySeconds, seconds: 0 }
    byRoute.set(route, made)
    return made
  }

  return {
    answered(route, status, seconds, count = 1) {
      const counted = ofRoute(route)
      const { byStatus, bySeconds } = counted
      byStatus.set(status, (byStatus.get(status) ?? 0) + count)
      let place = 0
      while (place < buckets.length && seconds > (buckets[place] as number)) place += 1
      bySeconds[place] = (bySeconds[place] as number) + count
      counted.seconds += seconds * count
    },
  }
}

const secondsName = 'qxm_http_request_seconds'
const secondsSettings: HistogramConfiguration<'route'> = {
  name: secondsName,
  help: 'Time from the headers of a request to its whole answer, by route',
  labelNames: ['route'],
  buckets,
  registers: [],
}

/** A histogram whose numbers are counted elsewhere. */
class SecondsByRoute extends Histogram<'route'> {
  readonly #byRoute: ReadonlyMap<string, Answered>
  /** Says all of a histogram but its numbers. */
  readonly #empty: Histogram<'route'>

  constructor(byRoute: ReadonlyMap<string, Answered>) {
    super(secondsSettings)
    this.#byRoute = byRoute
    this.#empty = new Histogram(secondsSettings)
  }

  override async get(): ReturnType<Histogram<'route'>['get']> {
    const metric = await this.#empty.get()
    return { ...metric, values: [...this.#byRoute].flatMap(valuesOf) }
  }

  /** What the registry asks for rather than `get` where it writes text. */
  getForPromString(): ReturnType<Histogram<'route'>['get']> {
    return this.get()
  }
}

function valuesOf([route, { bySeconds, seconds }]: readonly [string, Answered]) {
  let count = 0
  const cumulated = [...bySeconds].map((each, place) => {
    count += each
    const labels = { le: buckets[place] ?? '+Inf', route }
    return { labels, value: count, metricName: `${secondsName}_bucket` }
  })
  return [
    ...cumulated,
    { labels: { route }, value: seconds, metricName: `${secondsName}_sum` },
    { labels: { route }, value: count, metricName: `${secondsName}_count` },
  ]
}
