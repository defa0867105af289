import { Registry } from 'prom-client'
import { fillWithDemo } from './assembly/demo.ts'
import { openDoors } from './assembly/doors.ts'
import { openKeys } from './assembly/keys.ts'
import type { BuildParts } from './assembly/parts.ts'
import { openReading } from './assembly/reading.ts'
import { openStore } from './assembly/store.ts'
import { ensureOwnPrefixes, openWriting } from './assembly/writing.ts'
import { systemClock } from './runtime/clock.ts'
import { makeClosers } from './runtime/closers.ts'
import type { Ready } from './runtime/ready.ts'

export type NodeParts = Pick<BuildParts, 'config' | 'log' | 'packageFolder'> &
  Partial<Pick<BuildParts, 'clock'>>

/** A running node: its addresses, and its end. */
export interface Node extends AsyncDisposable {
  readonly ready: Ready
}

/**
 * Builds the node's parts, bottom up, and connects them. Whatever is open when a part fails to open is closed again.
 * @throws Error whose message tells an operator what to do
 */
export async function startNode(parts: NodeParts): Promise<Node> {
  const closers = makeClosers(parts.log)
  const listening = { url: parts.config.node.publicUrl }
  const build: BuildParts = {
    clock: systemClock,
    ...parts,
    closers,
    metrics: new Registry(),
    publicUrl: () => listening.url ?? '',
  }
  try {
    const database = await openStore(build)
    const keys = await openKeys(build, database)
    const reading = await openReading(build, database, keys)
    const writing = await openWriting(build, database, keys, reading)
    if (parts.config.node.demo) await fillWithDemo(build, keys, reading, writing)
    await ensureOwnPrefixes(build, reading, writing)
    const ready = await openDoors(build, database, keys, reading, writing)
    listening.url ??= ready.http ?? ready.https
    return { ready, [Symbol.asyncDispose]: () => closers[Symbol.asyncDispose]() }
  } catch (error) {
    await closers.close()
    throw error
  }
}
