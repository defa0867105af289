import { Counter, Gauge, type Registry } from 'prom-client'

/** Why something was not answered, or not as asked. */
export type RefusedReason =
  /** The envelope could not be read, or promised more than we take: the connection is closed. */
  | 'envelope'
  | 'malformed'
  /** An answer came where requests are expected. */
  | 'response'
  | 'slow'
  | 'unread'
  | 'connections'
  | 'memory'
  /** UDP: larger than the peer may be sent. */
  | 'amplification'
  | 'network'
  | 'fragments'
  | 'udpAdmin'

export interface HandleMetrics {
  answered(transport: 'tcp' | 'udp' | 'http', responseCode: number): void
  /** The same for a cached resolution: a plain number grows. */
  answeredCached(transport: 'tcp' | 'udp'): void
  refused(reason: RefusedReason): void
}

/** @param connectionCount open TCP connections, asked when somebody looks */
export function makeHandleMetrics(
  registry: Registry,
  connectionCount: () => number,
): HandleMetrics {
  const cached = { tcp: 0, udp: 0 }
  const answers = new Counter({
    name: 'qxm_handle_answers_total',
    help: 'Handle messages answered, by transport and response code',
    labelNames: ['transport', 'code'],
    registers: [registry],
    collect() {
      for (const transport of ['tcp', 'udp'] as const) {
        this.inc({ transport, code: 1 }, cached[transport])
        cached[transport] = 0
      }
    },
  })
  const refusals = new Counter({
    name: 'qxm_handle_refused_total',
    help: 'Handle messages and connections refused before any operation, by reason',
    labelNames: ['reason'],
    registers: [registry],
  })
  new Gauge({
    name: 'qxm_handle_connections',
    help: 'Open Handle connections over TCP',
    registers: [registry],
    collect() {
      this.set(connectionCount())
    },
  })
  return {
    answered: (transport, code) => answers.inc({ transport, code }),
    answeredCached(transport) {
      cached[transport] += 1
    },
    refused: reason => refusals.inc({ reason }),
  }
}
