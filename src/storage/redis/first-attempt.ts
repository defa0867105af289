import { type EventEmitter, once } from 'node:events'

/** A start does not wait longer for something that may be done without. */
const waitMsMax = 1_500

/** Waits until a connection is ready, or has failed for the first time, or takes too long. */
export async function firstAttempt(connection: EventEmitter): Promise<void> {
  const signal = AbortSignal.timeout(waitMsMax)
  const events = ['ready', 'close'].map(event => once(connection, event, { signal }))
  await Promise.race(events).catch(() => undefined)
}
