import { Counter, type Registry } from 'prom-client'
import type { LoginResult } from './sessions.ts'

/** Counts logins by how they ended: `refused` growing fast is somebody who guesses. */
export function makeLoginMetrics(registry: Registry): (result: LoginResult) => void {
  const logins = new Counter({
    name: 'qxm_logins_total',
    help: 'Attempts of people to log in, by how they ended',
    labelNames: ['result'],
    registers: [registry],
  })
  return result => logins.labels(result).inc()
}
