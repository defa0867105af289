import type { Server } from 'node:http'
import type { HttpApp } from '../protocols/http/app.ts'
import type { Logger } from '../runtime/log.ts'

/** Every answer from here on is its connection's last, so that clients that keep connections go elsewhere by themselves. */
export function sendAway(servers: readonly Server[]): void {
  for (const server of servers) {
    server.prependListener('request', (_request, response) => {
      response.shouldKeepAlive = false
    })
  }
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
