import { Registry } from 'prom-client'
import { fillWithDemo } from './assembly/demo.ts'
import { openDoors } from './assembly/doors.ts'
import { openKeys } from './assembly/keys.ts'
import { makeReloadMetrics } from './assembly/metrics.ts'
import type { BuildParts } from './assembly/parts.ts'
import { welcomeOperator } from './assembly/people.ts'
import { openReading } from './assembly/reading.ts'
import {
  type ConfigSource,
  followConfig,
  type LiveConfig,
  makeLiveConfig,
} from './assembly/reload.ts'
import { openStore } from './assembly/store.ts'
import { ensureOwnPrefixes, openWriting } from './assembly/writing.ts'
import type { Text } from './model/text.ts'
import type { Readiness } from './protocols/http/parts.ts'
import { systemClock } from './runtime/clock.ts'
import { makeClosers } from './runtime/closers.ts'
import type { Ready } from './runtime/ready.ts'

export type NodeParts = Pick<BuildParts, 'config' | 'log' | 'packageFolder'> &
  Partial<Pick<BuildParts, 'clock' | 'metrics'>> & {
    /** How the configuration is read again; absent: never. */
    readonly source?: ConfigSource
    readonly isWorker?: boolean
    /** Tells whoever started the node what is not for the log; absent: nobody is told. */
    readonly remark?: (text: Text) => void
  }

/** A running node: its addresses, how it is, and its end. */
export interface Node extends AsyncDisposable {
  readonly ready: Ready
  readiness(): Readiness
  /** Reads the configuration again now. */
  reload(): void
}

/**
 * Builds the node's parts, bottom up, and connects them. Whatever is open when a part fails to open is closed again.
 * @throws Error whose message tells an operator what to do
 */
export async function startNode(parts: NodeParts): Promise<Node> {
  const closers = makeClosers(parts.log)
  const listening = { url: parts.config.node.publicUrl }
  const live = makeLiveConfig(parts.config)
  const build: BuildParts = {
    clock: systemClock,
    metrics: new Registry(),
    ...parts,
    closers,
    publicUrl: () => listening.url ?? '',
  }
  try {
    const database = await openStore(build)
    const keys = await openKeys(build, database)
    const reading = await openReading(build, database, keys)
    const writing = await openWriting(build, database, keys, reading)
    if (parts.config.node.demo) await fillWithDemo(build, reading, writing)
    await ensureOwnPrefixes(build, reading, writing)
    const doorParts = { ...build, live, isWorker: parts.isWorker ?? false }
    const { ready, readiness } = await openDoors(doorParts, database, keys, reading, writing)
    listening.url ??= ready.http ?? ready.https
    if (parts.remark !== undefined) await welcomeOperator(doorParts, writing.people, parts.remark)
    const reload = followReloads(build, live, parts.source)
    return {
      ready,
      readiness,
      reload,
      [Symbol.asyncDispose]: () => closers[Symbol.asyncDispose](),
    }
  } catch (error) {
    await closers.close()
    throw error
  }
}

function followReloads(
  { clock, closers, log, metrics }: BuildParts,
  live: LiveConfig,
  source: ConfigSource | undefined,
): () => void {
  live.onChange(({ log: { level } }) => () => {
    log.level = level
  })
  const reloadMetrics = makeReloadMetrics(metrics)
  if (source === undefined) return () => undefined
  return followConfig({ live, source, clock, closers, log, metrics: reloadMetrics })
}
