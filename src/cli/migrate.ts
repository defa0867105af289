import { join } from 'node:path'
import { say } from '../model/text.ts'
import { migrate, readMigrations } from '../storage/postgres/migrate.ts'
import type { Command } from './command.ts'
import { configOf, configOptions } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'
import { withStore } from './store.ts'

/** What a start does first, alone: for who upgrades step by step. */
export const migrateStore: Command = {
  name: 'migrate',
  summary: say(
    '把存储升级到本程序的版本，须先停止节点',
    'bring the store up to this program; no node may run on it',
  ),
  options: configOptions,
  async run(call) {
    const { config } = configOf(call)
    const migrations = await readMigrations(join(call.packageFolder, 'migrations'))
    const done = await withStore(config, database => migrate(database, migrations))
    const names = done.map(({ name }) => name)
    const nothing = say('已是最新，无事可做', 'up to date, nothing to do')[call.language]
    const text = names.length === 0 ? `${nothing}\n` : table(names.map(name => [name]))
    await call.write(call.isJson ? json({ migrated: names }) : text)
    return exitCodes.ok
  },
}
