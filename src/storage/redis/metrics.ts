import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/**
 * What became of a look into Redis. `late`: may lack a change. `junk`: not ours, or damaged. `error`: no answer in
 * time. `open`: not asked, because there is no connection, the breaker is open, or too much is under way.
 */
export type Lookup = 'hit' | 'late' | 'absent' | 'junk' | 'error' | 'open'
export type Write = 'kept' | 'refused' | 'error' | 'dropped'

export interface RedisMetrics {
  looked(result: Lookup, count: number): void
  wrote(result: Write, count: number): void
  answered(command: 'read' | 'write', seconds: number): void
}

/** From a server beside us to one that is at its deadline. Seconds. */
const buckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25]

/** Counts as plain numbers, which become metrics when somebody looks. */
export function makeRedisMetrics(registry: Registry, awayCount: () => number): RedisMetrics {
  const lookups: Record<Lookup, number> = { hit: 0, late: 0, absent: 0, junk: 0, error: 0, open: 0 }
  const writes: Record<Write, number> = { kept: 0, refused: 0, error: 0, dropped: 0 }

  new Counter({
    name: 'qxm_redis_lookups_total',
    help: 'Records looked for in Redis, by what became of it',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [result, count] of Object.entries(lookups)) this.inc({ result }, count)
    },
  })
  new Counter({
    name: 'qxm_redis_writes_total',
    help: 'Records offered to Redis, by what became of it',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [result, count] of Object.entries(writes)) this.inc({ result }, count)
    },
  })
  new Gauge({
    name: 'qxm_redis_servers_away',
    help: 'Redis servers that are not asked because they do not answer',
    registers: [registry],
    collect() {
      this.set(awayCount())
    },
  })
  const seconds = new Histogram({
    name: 'qxm_redis_seconds',
    help: 'Time until Redis had answered a batch, by what was asked',
    labelNames: ['command'],
    buckets,
    registers: [registry],
  })

  return {
    looked(result, count) {
      lookups[result] += count
    },
    wrote(result, count) {
      writes[result] += count
    },
    answered(command, elapsedSeconds) {
      seconds.observe({ command }, elapsedSeconds)
    },
  }
}
