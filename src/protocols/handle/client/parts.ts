import type { Site } from '../../../model/value.ts'
import type { Clock } from '../../../runtime/clock.ts'
import type { ClientMetrics } from './metrics.ts'

/** What the client needs from the house. */
export interface ClientParts {
  readonly clock: Pick<Clock, 'now' | 'monotonicMs' | 'after'>
  /** Unpredictable bytes: request ids are made of them. */
  readonly random: (byteCount: number) => Buffer
  readonly metrics: ClientMetrics
  /** What one server may take before it counts as dead. */
  readonly attemptTimeoutMs: number
}

export type Transport = 'TCP' | 'UDP'

/** One server of a site, and the ports of its interfaces that answer questions. */
export interface Server {
  readonly address: string
  readonly ports: Readonly<Partial<Record<Transport, number>>>
}

/** Sites that answer the same questions: of a prefix, or of the root. */
export interface Service {
  readonly sites: readonly Site[]
  /** Learnt from somebody else's records rather than from our operators: it does not get us to talk to private addresses. */
  readonly isForeign: boolean
}
