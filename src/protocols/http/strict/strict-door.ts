import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { AnswerArena } from '../../../resolver/answer-arena.ts'
import { OpenConnections } from '../../open-connections.ts'
import { makeHeadEnding } from '../answer-head.ts'
import { StrictConnection, type StrictConnectionParts } from './strict-connection.ts'

export interface StrictDoorParts
  extends Pick<StrictConnectionParts, 'answers' | 'limits' | 'clock' | 'isLast'> {
  readonly makeRoom: AnswerArena['makeRoom']
}

/** What one read event may be answered with: more is for the ordinary server, which waits for slow readers in between. */
const outputBytesMax = 256 * 1024
/** The same of a short read: answers that do not fit are asked for one by one. */
const fewBytesMax = 32 * 1024

/**
 * Stands in front of a server and answers, itself and in one write per read event, what is exactly a plain question for an
 * answer in memory; every connection that asks anything else becomes the server's.
 *
 * What a peer can do here that it cannot do there is nothing: a connection waits no longer, and holds no more, than the
 * server's own limits say.
 */
export function standInFront(server: Server, parts: StrictDoorParts): void {
  const [serve] = server.listeners('connection')
  const connections = new OpenConnections<StrictConnection>()
  const ending = makeHeadEnding(parts.limits.keepAliveTimeoutMs, parts.clock)
  const connectionParts: StrictConnectionParts = {
    ...parts,
    ending: () => ending().bytes,
    output: {
      few: parts.makeRoom(fewBytesMax),
      many: parts.makeRoom(outputBytesMax),
    },
    serve: socket => serve?.call(server, socket),
    onCutOff: socket => server.emit('clientError', new CutOff(), socket),
    onGone: connection => connections.remove(connection),
  }
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    connections.add(new StrictConnection(socket, connectionParts))
  })
  closeWith(server, connections)
}

/** A question without an end, as the server's own parser says it. */
class CutOff extends Error {
  readonly code = 'HPE_INVALID_EOF_STATE'
}

/** Who closes the server's connections closes those that are not the server's yet. */
function closeWith(server: Server, connections: Iterable<StrictConnection>): void {
  const closeIdle = server.closeIdleConnections.bind(server)
  const closeAll = server.closeAllConnections.bind(server)
  server.closeIdleConnections = () => {
    closeIdle()
    for (const connection of connections) connection.endIdle()
  }
  server.closeAllConnections = () => {
    closeAll()
    for (const connection of connections) connection.destroy()
  }
}
