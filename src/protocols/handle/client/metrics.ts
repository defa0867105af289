import { Counter, type Registry } from 'prom-client'
import type { Transport } from './parts.ts'

export interface ClientMetrics {
  /** One server was asked over one transport. */
  asked(transport: Transport, outcome: 'answer' | 'busy' | 'away'): void
}

export function makeClientMetrics(registry: Registry): ClientMetrics {
  const counter = new Counter({
    name: 'qxm_handle_client_total',
    help: 'Questions this node asked other Handle servers, by transport and outcome',
    labelNames: ['transport', 'outcome'],
    registers: [registry],
  })
  return {
    asked: (transport, outcome) => counter.inc({ transport, outcome }),
  }
}
