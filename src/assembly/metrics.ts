import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  type MetricObject,
  Registry,
} from 'prom-client'

/** How exactly the event loop's delay is measured; each sample wakes the process. */
const eventLoopPrecisionMs = 50

/** A registry that also says what every process of Node can: memory, CPU, garbage, open files. */
export function makeProcessRegistry(version: string): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopPrecisionMs })
  new Gauge({
    name: 'qxm_build_info',
    help: 'The processes of this node, by the version of the program and of Node',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1)
  return registry
}

export interface ReloadMetrics {
  accepted(): void
  refused(): void
}

export function makeReloadMetrics(registry: Registry): ReloadMetrics {
  const generation = new Gauge({
    name: 'qxm_config_generation',
    help: 'How often the configuration was read and taken, the start included',
    registers: [registry],
    // A worker that stays behind shows.
    aggregator: 'min',
  })
  generation.set(1)
  const refusals = new Counter({
    name: 'qxm_config_refused_total',
    help: 'How often the configuration had mistakes when it was read again; the former one stayed',
    registers: [registry],
  })
  return { accepted: () => generation.inc(), refused: () => refusals.inc() }
}

export interface WorkerMetrics {
  /** Gives the metrics of all workers as one, beside its own. */
  readonly registry: Registry
  ready(count: number): void
  restarted(): void
}

/** @param gather asks every worker for what it has measured */
export function makeWorkerMetrics(
  gather: () => Promise<readonly (readonly MetricObject[])[]>,
): WorkerMetrics {
  const registry = new NodeRegistry(gather)
  const ready = new Gauge({
    name: 'qxm_workers_ready',
    help: 'Workers that take requests',
    registers: [registry],
  })
  const restarts = new Counter({
    name: 'qxm_worker_restarts_total',
    help: 'Workers started in place of one that ended',
    registers: [registry],
  })
  return { registry, ready: count => ready.set(count), restarted: () => restarts.inc() }
}

/** The primary's metrics, and those of its workers: numbers are added unless their metric says otherwise. */
class NodeRegistry extends Registry {
  readonly #gather: Parameters<typeof makeWorkerMetrics>[0]

  constructor(gather: Parameters<typeof makeWorkerMetrics>[0]) {
    super()
    this.#gather = gather
  }

  override async metrics(): Promise<string> {
    const gathered = await this.#gather()
    const ofWorkers = AggregatorRegistry.aggregate(gathered.map(each => [...each]))
    return `${await ofWorkers.metrics()}\n${await super.metrics()}`
  }
}
