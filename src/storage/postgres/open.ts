import type { Database } from './database.ts'
import { type EmbeddedLog, openEmbedded } from './embedded.ts'
import { openServer } from './server.ts'
import type { ServerLog } from './server-pool.ts'

export interface DatabaseOptions {
  /** `postgres://…` of one server or of several of which one is the primary; undefined or empty: embedded. */
  readonly urls: readonly string[] | undefined
  /** The data folder of the embedded engine; undefined: in memory, for tests. */
  readonly folder: string | undefined
  readonly log?: EmbeddedLog & ServerLog
  /** Of a server: connections for questions. */
  readonly poolSize?: number
  /** Of a server: how long one statement may take. */
  readonly statementTimeoutMs?: number
}

/** Opens the store a node is configured with. */
export function openDatabase({
  urls = [],
  folder,
  log,
  ...serverOptions
}: DatabaseOptions): Promise<Database> {
  const options = log === undefined ? {} : { log }
  return urls.length > 0
    ? openServer({ urls, ...options, ...serverOptions })
    : openEmbedded({ folder, ...options })
}
