import { say } from '../model/text.ts'
import { type Command, UsageError } from './command.ts'
import { configOf, configOptions } from './connect.ts'
import { attempt, type Finding, report } from './findings.ts'
import { withStore } from './store.ts'
import {
  checkAliases,
  checkAudit,
  checkChanges,
  checkKeys,
  checkMigrations,
  countRows,
} from './store-checks.ts'

/** Restoring is the database's own business; whether it worked is ours to say. Changes nothing. */
export const restore: Command = {
  name: 'restore',
  summary: say(
    '检查恢复后的存储是否完整，须先停止节点',
    'check whether a restored store is whole; no node may run',
  ),
  options: {
    check: { kind: 'flag', help: say('检查，不改动', 'check, change nothing') },
    ...configOptions,
  },
  async run(call) {
    if (!call.given.has('check')) {
      throw new UsageError(
        say(
          '恢复用数据库自己的工具或复制数据目录，然后 qxm restore --check',
          "restore with the database's own tools or by copying the data folder, then qxm restore --check",
        ),
      )
    }
    const { config } = configOf(call)
    const findings = await withStore(config, async database => {
      const made = await attempt('migrations', () => checkMigrations(database, call.packageFolder))
      if (made.some(({ level }) => level === 'bad')) return made
      const checks: readonly [string, () => Promise<Finding>][] = [
        ['keys', () => checkKeys(database, config)],
        ['audit', () => checkAudit(database)],
        ['aliases', () => checkAliases(database)],
        ['changes', () => checkChanges(database)],
        ['contents', () => countRows(database)],
      ]
      const findings = [...made]
      for (const [check, make] of checks) findings.push(...(await attempt(check, make)))
      return findings
    })
    return report(call, findings)
  },
}
