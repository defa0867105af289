import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { say, type Text } from '../model/text.ts'
import type { Config } from '../runtime/config.ts'
import { makeLog } from '../runtime/log.ts'
import type { Database } from '../storage/postgres/database.ts'
import { openDatabase } from '../storage/postgres/open.ts'

/** Nodes are connected to the server database: what must be alone with the store is refused. */
export class StoreHeld extends Error {
  override readonly name = 'StoreHeld'
  readonly text: Text

  constructor(text: Text) {
    super(text.en)
    this.text = text
  }
}

/** A check reads whole tables. */
const statementMsMax = 30 * 60_000

/** A session that has just ended may still be listed. */
const looksMax = 4
const lookPauseMs = 150

/** Looking must not make an empty database where there is none. */
export class StoreMissing extends Error {
  override readonly name = 'StoreMissing'
  readonly text: Text

  constructor(folder: string) {
    const text = say(
      `数据目录 ${folder} 中没有数据库：请用 QXM_DATA_DIR 指明，或设置 QXM_DATABASE_URL`,
      `there is no database in the data folder ${folder}: say where it is with QXM_DATA_DIR, or set QXM_DATABASE_URL`,
    )
    super(text.en)
    this.text = text
  }
}

/**
 * Opens the store itself, which nobody else may hold: the embedded database is locked by its folder, of a server
 * database the sessions of nodes are looked for.
 * @throws StoreMissing, FolderTaken, StoreHeld; Error with advice when it cannot be opened
 */
export async function withStore<Result>(
  config: Config,
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  const { dataDir } = config.store
  const isEmbedded = config.database.url.length === 0
  if (isEmbedded && !existsSync(join(dataDir, 'database', 'PG_VERSION'))) {
    throw new StoreMissing(dataDir)
  }
  const database = await openDatabase({
    urls: config.database.url,
    folder: dataDir,
    log: makeLog({ level: 'error' }),
    statementTimeoutMs: statementMsMax,
  })
  try {
    await refuseHeld(database)
    return await use(database)
  } finally {
    await database.close()
  }
}

async function refuseHeld(database: Database): Promise<void> {
  if (database.engine === 'embedded') return
  for (let looks = 0; looks < looksMax; looks++) {
    const [row] = await database.query<{ count: number }>(
      `select count(*) as count from pg_stat_activity
       where application_name = 'qxm' and datname = current_database() and pid <> pg_backend_pid()`,
    )
    if (row?.count === 0) return
    await new Promise(resolve => setTimeout(resolve, lookPauseMs))
  }
  throw new StoreHeld(
    say(
      '有节点正连接此数据库：请先停止它们',
      'nodes are connected to this database: stop them first',
    ),
  )
}
