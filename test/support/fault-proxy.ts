import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'

/**
 * What happens to connections: `pass` lets everything through; `refuse` cuts them and refuses new ones;
 * `freeze` accepts and keeps everything to itself until another mode comes; a latency holds each piece
 * up for so long, in each direction.
 */
export type FaultMode = 'pass' | 'refuse' | 'freeze' | { readonly latencyMs: number }

/** A TCP proxy in front of a store, to do harm with. */
export interface FaultProxy {
  readonly port: number
  set(mode: FaultMode): Promise<void>
  /** Cuts every connection there is; new ones are welcome. */
  cut(): void
  /** How many connections there are now. */
  connections(): number
}

/** Starts a proxy to a port of this machine, in mode `pass`, closed with the test. */
export async function aFaultProxy(t: Test, targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  let mode: FaultMode = 'pass'
  let thawed: (() => void)[] = []

  const server = createServer(near => {
    const far = connect(targetPort, '127.0.0.1')
    for (const socket of [near, far]) {
      socket.on('error', () => undefined)
      socket.once('close', () => {
        near.destroy()
        far.destroy()
        sockets.delete(socket)
      })
    }
    sockets.add(near)
    forward(near, far)
    forward(far, near)
  })

  /** One piece after the other, each when its time has come. */
  function forward(from: Socket, to: Socket): void {
    let last = Promise.resolve()
    const inTurn = (act: () => void) => {
      const dueAt = Date.now() + (typeof mode === 'object' ? mode.latencyMs : 0)
      last = last.then(async () => {
        await sleep(Math.max(0, dueAt - Date.now()))
        while (mode === 'freeze') await new Promise<void>(resolve => thawed.push(resolve))
        act()
      })
    }
    from.on('data', piece => inTurn(() => to.write(piece)))
    from.on('end', () => inTurn(() => to.end()))
  }

  function cut(): void {
    for (const socket of sockets) socket.destroy()
  }

  async function listen(port: number): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }

  await listen(0)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  t.teardown(async () => {
    mode = 'pass'
    cut()
    server.close()
  })

  return {
    port,
    cut,
    connections: () => sockets.size,
    async set(next) {
      mode = next
      if (next === 'refuse') {
        server.close()
        cut()
      } else if (!server.listening) {
        await listen(port)
      }
      for (const resume of thawed) resume()
      thawed = []
    },
  }
}
