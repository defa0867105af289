import cluster from 'node:cluster'
import type { Registry } from 'prom-client'
import type { Node } from '../node.ts'
import { type FromWorker, isOurs, type ToWorker } from './worker-messages.ts'

/** Whether this process is one of several that share the ports of a node. */
export function isWorker(): boolean {
  return cluster.isWorker
}

/** Resolves when the primary wants this worker to end, or is gone. Messages wait until somebody listens. */
export function toldToStop(): Promise<'primary'> {
  return new Promise(resolve => {
    process.once('disconnect', () => resolve('primary'))
    process.on('message', (message: unknown) => {
      if (isOurs<ToWorker>(message) && message.qxm === 'stop') resolve('primary')
    })
  })
}

/** Says that this worker is ready, and from then on answers what its primary asks. */
export function servePrimary(node: Node, registry: Registry): void {
  process.on('message', (message: unknown) => {
    if (!isOurs<ToWorker>(message)) return
    if (message.qxm === 'reload') node.reload()
    if (message.qxm === 'ask') void answer(message.id, message.what)
  })
  say({ qxm: 'ready', ready: node.ready })

  async function answer(id: number, what: 'readiness' | 'metrics'): Promise<void> {
    const found = what === 'readiness' ? await node.readiness() : await registry.getMetricsAsJSON()
    say({ qxm: 'answer', id, answer: found })
  }
}

/** Lets go of the primary, whose channel would keep this process alive. */
export function leavePrimary(): void {
  if (process.connected) process.disconnect()
}

function say(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
