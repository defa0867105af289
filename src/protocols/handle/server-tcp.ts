import { createServer, type Server, type Socket } from 'node:net'
import { OpenConnections } from '../open-connections.ts'
import type { MessageDoor } from './door.ts'
import { makeKnownAddresses } from './known-addresses.ts'
import type { HandleParts } from './parts.ts'
import { Connection, type Shared } from './tcp-connection.ts'

/** How often connections are looked at: the most by which a limit of time may be late. */
const sweepEveryMs = 1_000
/** Connections that wait to be accepted: who asks over a new one each time comes in bursts. */
export const backlog = 1_024

export interface TcpDoor {
  /** A server that does not listen yet; they share connections, limits and end. */
  makeServer(): Server
  readonly connectionCount: number
  /** Whether the address has a connection here, or lately had one: then it is no forged sender over UDP. */
  knows(address: string): boolean
  /** Ends: idle connections now, the others when their answers are written. */
  close(): void
  /** Ends all that is left. */
  destroy(): void
}

/** Envelope and message, one after another, for as long as the peer likes (RFC 3652 §2.3.2): the national SDKs keep connections. */
export function makeTcpDoor(
  { settings, clock }: Pick<HandleParts, 'settings' | 'clock'>,
  door: MessageDoor,
): TcpDoor {
  const connections = new OpenConnections<Connection>()
  const known = makeKnownAddresses(clock)
  const shared: Shared = {
    settings,
    clock,
    door,
    batch: door.makeBatch(),
    waiting: { byteCount: 0 },
    isClosing: false,
    onGone(connection) {
      known.see(connection.address)
      connections.remove(connection)
    },
  }
  const sweep = clock.every(sweepEveryMs, () => {
    const now = clock.monotonicMs()
    for (const connection of connections) connection.look(now)
  })

  function accept(socket: Socket): void {
    if (connections.count >= settings.connectionsMax || shared.isClosing) {
      door.metrics.refused('connections')
      socket.destroy()
      return
    }
    const connection = new Connection(socket, shared)
    connections.add(connection)
    known.see(connection.address)
  }

  return {
    makeServer() {
      const server = createServer({ allowHalfOpen: true }, accept)
      // Beyond our own bound, so that a refusal is counted.
      server.maxConnections = settings.connectionsMax + backlog
      return server
    },
    get connectionCount() {
      return connections.count
    },
    knows: address => known.has(address),
    close() {
      shared.isClosing = true
      sweep.cancel()
      for (const connection of connections) connection.finish()
    },
    destroy() {
      for (const connection of connections) connection.destroy()
    },
  }
}
