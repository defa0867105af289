import type { Registry } from 'prom-client'
import type { Clock } from '../runtime/clock.ts'
import type { Closers } from '../runtime/closers.ts'
import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/log.ts'

/** What every part of the node may need to be built. */
export interface BuildParts {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
  readonly closers: Closers
  /** The metrics of this node. */
  readonly metrics: Registry
  /** Where migrations, proto and the other files of the package lie. */
  readonly packageFolder: string
  /** Where the world sees the node; known once it listens. */
  readonly publicUrl: () => string
}
