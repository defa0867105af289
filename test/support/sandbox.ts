import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { systemClock } from '../../src/runtime/clock.ts'
import { makeLog } from '../../src/runtime/log.ts'
import type { HostileMood } from '../../src/sandbox/hostile.ts'
import { startWorld, type World } from '../../src/sandbox/world.ts'
import { aDataFolder, repositoryFolder } from './store.ts'

export interface SandboxOptions {
  readonly hostile?: readonly HostileMood[]
  readonly enterpriseCount?: number
  /** Where it lies; made and removed when absent. */
  readonly dataFolder?: string
}

export interface RunningSandbox extends World {
  /** What `QXM_DATA_DIR` says to the commands beside it. */
  readonly dataFolder: string
  /** An operator's key of the node below the top-level node. */
  readonly key: string
}

/** The whole sandbox in this process, on free ports; ended with the test. */
export async function aSandbox(t: Test, options: SandboxOptions = {}): Promise<RunningSandbox> {
  const { hostile = [], enterpriseCount = 0 } = options
  const dataFolder = options.dataFolder ?? (await aDataFolder(t))
  const world = await startWorld({
    folder: join(dataFolder, 'sandbox'),
    packageFolder: repositoryFolder,
    hostile,
    enterpriseCount,
    anyPort: true,
    clock: systemClock,
    log: makeLog({ level: 'fatal' }),
  })
  t.teardown(() => world[Symbol.asyncDispose]())
  return { ...world, dataFolder, key: readFileSync(world.keyFile, 'utf8').trim() }
}
