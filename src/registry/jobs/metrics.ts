import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { JobMetrics } from './run-jobs.ts'

/** From a small file to a million rows on a busy store. */
const secondsBuckets = [1, 5, 15, 60, 300, 900, 3_600]

export interface OpenJobMetrics extends JobMetrics {
  /** How many jobs have something to do, over all processes. */
  waiting(count: number): void
}

export function makeJobMetrics(registry: Registry): OpenJobMetrics {
  const rows = new Counter({
    name: 'qxm_job_rows_total',
    help: 'Rows of jobs, by what became of them',
    labelNames: ['result'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'qxm_job_seconds',
    help: 'From the first byte of a job to its end, by how it ended',
    labelNames: ['state'],
    buckets: secondsBuckets,
    registers: [registry],
  })
  const waiting = new Gauge({
    name: 'qxm_jobs_waiting',
    help: 'Jobs that have something to do, in all processes',
    registers: [registry],
  })
  return {
    rows: (result, count) => rows.labels(result).inc(count),
    ended: (state, value) => seconds.labels(state).observe(value),
    waiting: count => waiting.set(count),
  }
}
