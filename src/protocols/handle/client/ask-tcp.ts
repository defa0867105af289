import { connect, type Socket } from 'node:net'
import type { Timer } from '../../../runtime/clock.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { makeFrames } from './frames.ts'
import type { ClientParts } from './parts.ts'
import { ServerAway } from './server-away.ts'

/** Asks over connections that are kept open and shared: several questions may be under way on one. */
export interface AskTcp {
  /**
   * @param frame carries the request id
   * @returns the first message that came back with that id
   * @throws ServerAway, or the signal's reason
   */
  (place: Place, requestId: number, frame: Buffer, signal: AbortSignal): Promise<Buffer>
  close(): void
}

export interface Place {
  readonly address: string
  readonly port: number
}

/** Open at once, to all servers together; an idle one is closed to make room. */
const connectionsMax = 256
/** On one connection; more get a connection of their own. */
const pendingMax = 64
/** Servers close what is idle on their side after some minutes; ours goes first. */
const idleMs = 30_000
const requestIdAt = 8

interface Pending {
  readonly resolve: (frame: Buffer) => void
  readonly reject: (error: unknown) => void
}

interface Connection {
  readonly pending: ReadonlyMap<number, Pending>
  /** Whether an answer has come over it: then its end may just mean that the other side tidied up. */
  readonly hasAnswered: boolean
  ask(requestId: number, frame: Buffer, signal: AbortSignal): Promise<Buffer>
  destroy(): void
}

export function makeAskTcp({ clock }: Pick<ClientParts, 'clock'>): AskTcp {
  const connections = new Map<Connection, string>()

  function find(key: string, requestId: number): Connection | undefined {
    for (const [connection, itsKey] of connections) {
      const { pending } = connection
      if (itsKey === key && pending.size < pendingMax && !pending.has(requestId)) return connection
    }
    return undefined
  }

  function open(place: Place, key: string): Connection {
    if (connections.size >= connectionsMax) makeRoom()
    const connection = openConnection(place, clock, () => connections.delete(connection))
    connections.set(connection, key)
    return connection
  }

  function makeRoom(): void {
    for (const connection of connections.keys()) {
      if (connection.pending.size === 0) {
        connection.destroy()
        return
      }
    }
    throw new ServerAway('too many connections are open')
  }

  async function ask(place: Place, requestId: number, frame: Buffer, signal: AbortSignal) {
    const key = `${place.address} ${place.port}`
    const kept = find(key, requestId)
    if (kept === undefined) return open(place, key).ask(requestId, frame, signal)
    const mayBeClosing = kept.hasAnswered
    try {
      return await kept.ask(requestId, frame, signal)
    } catch (error) {
      if (signal.aborted || !mayBeClosing || !(error instanceof ServerAway)) throw error
      return open(place, key).ask(requestId, frame, signal)
    }
  }

  return Object.assign(ask, {
    close() {
      for (const connection of connections.keys()) connection.destroy()
    },
  })
}

function openConnection(
  { address, port }: Place,
  clock: ClientParts['clock'],
  onGone: () => void,
): Connection {
  const pending = new Map<number, Pending>()
  const frames = makeFrames()
  let hasAnswered = false
  const socket: Socket = connect({ host: address, port, noDelay: true })
  let idle: Timer | undefined

  function end(why: string): void {
    idle?.cancel()
    onGone()
    socket.destroy()
    for (const { reject } of pending.values()) reject(new ServerAway(why))
    pending.clear()
  }

  function settle(requestId: number): Pending | undefined {
    const one = pending.get(requestId)
    pending.delete(requestId)
    if (pending.size === 0) {
      idle?.cancel()
      idle = clock.after(idleMs, () => end('idle'))
    }
    return one
  }

  socket.on('data', chunk => {
    try {
      for (const frame of frames.take(chunk)) {
        hasAnswered = true
        settle(frame.readUInt32BE(requestIdAt))?.resolve(frame)
      }
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error
      end(error.message)
    }
  })
  socket.on('error', error => end(error.message))
  socket.on('close', () => end('the connection was closed'))

  return {
    pending,
    get hasAnswered() {
      return hasAnswered
    },
    ask(requestId, frame, signal) {
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          settle(requestId)
          reject(signal.reason)
          // Answers come in the order of requests: behind one that is late, none is soon.
          if (signal.reason instanceof ServerAway) end(signal.reason.message)
        }
        if (signal.aborted) return reject(signal.reason)
        idle?.cancel()
        signal.addEventListener('abort', onAbort, { once: true })
        const settled = () => signal.removeEventListener('abort', onAbort)
        pending.set(requestId, {
          resolve(answer) {
            settled()
            resolve(answer)
          },
          reject(error) {
            settled()
            reject(error)
          },
        })
        socket.write(frame)
      })
    },
    destroy: () => end('the client was closed'),
  }
}
