import type { Server } from 'node:http'
import type { HttpApp } from '../protocols/http/app.ts'
import type { Closers } from '../runtime/closers.ts'
import type { Logger } from '../runtime/log.ts'

/**
 * Drains all doors at the same time, so that a node ends within one drain time however many doors it has.
 * @param timeoutMs what each door takes at most before it cuts off what has not ended
 * @returns registers a door's draining, as soon as it opens
 */
export function drainTogether(
  closers: Pick<Closers, 'add'>,
  timeoutMs: number,
): (drain: () => Promise<void>) => void {
  const drains: (() => Promise<void>)[] = []
  closers.add(
    'doors',
    async () => {
      const results = await Promise.allSettled(drains.map(drain => drain()))
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
    timeoutMs + 500,
  )
  return drain => void drains.push(drain)
}

/**
 * Takes no more connections and waits until what is in flight has been answered; what takes longer than `timeoutMs` is
 * cut off, so that the node ends.
 * @param others further listeners of the app
 */
export async function drain(
  app: HttpApp,
  others: readonly Server[],
  timeoutMs: number,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  const late = setTimeout(() => {
    log.warn({ timeoutMs }, 'cut off requests that did not end')
    for (const server of [app.server, ...others]) server.closeAllConnections()
  }, timeoutMs)
  try {
    await Promise.all([app.close(), ...others.map(closeServer)])
  } finally {
    clearTimeout(late)
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
