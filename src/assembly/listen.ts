import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HttpApp } from '../protocols/http/app.ts'
import { hostAndPort } from '../runtime/ready.ts'

/** @throws Error that says which port to choose otherwise */
export async function listen(app: HttpApp, host: string, port: number): Promise<AddressInfo> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw portTaken(error, host, port)
  }
  return app.server.address() as AddressInfo
}

/** The same for a further listener. */
export async function listenAlso(server: Server, host: string, port: number): Promise<AddressInfo> {
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw portTaken(error, host, port)
  }
  return server.address() as AddressInfo
}

function portTaken(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error
  return new Error(
    `${hostAndPort(host, port)} is in use: stop what listens there, or choose another port (QXM_HTTP_PORT, QXM_HTTPS_PORT, QXM_IMPORT_PORT, QXM_OPS_PORT)`,
    { cause: error },
  )
}
