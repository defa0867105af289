import type { MetricObject } from 'prom-client'
import type { Readiness } from '../protocols/http/parts.ts'
import type { Ready } from '../runtime/ready.ts'

/** What a primary says to a worker. */
export type ToWorker =
  | { readonly qxm: 'ask'; readonly id: number; readonly what: keyof Answers }
  | { readonly qxm: 'stop' }
  | { readonly qxm: 'reload' }

/** What a worker says to its primary. */
export type FromWorker =
  | { readonly qxm: 'ready'; readonly ready: Ready }
  | { readonly qxm: 'answer'; readonly id: number; readonly answer: unknown }

/** What may be asked of a worker. */
export interface Answers {
  readonly readiness: Readiness
  readonly metrics: readonly MetricObject[]
}

/** Other libraries send messages over the same channel. */
export function isOurs<Message extends ToWorker | FromWorker>(
  message: unknown,
): message is Message {
  return typeof message === 'object' && message !== null && 'qxm' in message
}
