import { Counter, type Registry } from 'prom-client'

export interface ImportDoorMetrics {
  answered(route: string, status: number): void
  /** A connection that never became a request: no certificate, or none of the authority. */
  handshakeRefused(): void
}

export function makeImportDoorMetrics(registry: Registry): ImportDoorMetrics {
  const requests = new Counter({
    name: 'qxm_import_door_requests_total',
    help: 'Requests of the top-level node answered, by route and status',
    labelNames: ['route', 'status'],
    registers: [registry],
  })
  const handshakes = new Counter({
    name: 'qxm_import_door_handshakes_refused_total',
    help: 'TLS connections to the import port that were refused, most of them for their certificate',
    registers: [registry],
  })
  return {
    answered: (route, status) => requests.inc({ route, status: String(status) }),
    handshakeRefused: () => handshakes.inc(),
  }
}
