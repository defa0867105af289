import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isUnbound, keyPurposes, makeKeyStore } from '../crypto/key-store.ts'
import { readMasterKey } from '../crypto/master-key.ts'
import { type ChainedAuditRow, findBrokenLink } from '../evidence/audit-chain.ts'
import { say } from '../model/text.ts'
import type { Config } from '../runtime/config.ts'
import type { Database } from '../storage/postgres/database.ts'
import { makeKeyRows } from '../storage/postgres/keys.ts'
import { type Migration, readMigrations } from '../storage/postgres/migrate.ts'
import type { Finding } from './findings.ts'

/** Read at once, so that a trail of millions of rows takes little memory. */
const rowsPerRead = 1_000
/** The audit chain begins here (`migrations/0004-changes.sql`). */
const chainStart = Buffer.alloc(32)

/** Whether the store was made by these migrations. Changes nothing. */
export async function checkMigrations(database: Database, packageFolder: string): Promise<Finding> {
  const check = 'migrations'
  const known = await readMigrations(join(packageFolder, 'migrations'))
  const [found] = await database.query<{ there: boolean }>(
    `select to_regclass('migrations') is not null as there`,
  )
  if (!found?.there) {
    return {
      check,
      level: 'bad',
      text: say('此处没有 qxm 的存储', 'there is no store of qxm here'),
      advice: say(
        '请确认 QXM_DATABASE_URL 或 QXM_DATA_DIR，或重新恢复备份',
        'look at QXM_DATABASE_URL or QXM_DATA_DIR, or restore the backup again',
      ),
    }
  }
  const applied = await database.query<Pick<Migration, 'number' | 'name' | 'sha256'>>(
    'select number, name, sha256 from migrations order by number',
  )
  const facts = { applied: applied.length, known: known.length }
  const changed = applied.find(({ number, sha256 }) => {
    const ours = known[number - 1]
    return ours !== undefined && ours.sha256 !== sha256
  })
  if (changed !== undefined) {
    return {
      check,
      level: 'bad',
      text: say(`${changed.name} 与本程序的不同`, `${changed.name} is not this program's`),
      advice: say('请用建立此存储的程序版本', 'use the version of the program that made the store'),
      facts,
    }
  }
  if (applied.length > known.length) {
    return {
      check,
      level: 'bad',
      text: say('存储比本程序新', 'the store is newer than this program'),
      advice: say('请用更新的程序', 'use the newer program'),
      facts,
    }
  }
  if (applied.length < known.length) {
    return {
      check,
      level: 'warn',
      text: say(
        `还有 ${known.length - applied.length} 个升级未执行`,
        `${known.length - applied.length} migrations are still to be run`,
      ),
      advice: say('启动时会自动执行，或用 qxm migrate', 'the next start runs them, or qxm migrate'),
      facts,
    }
  }
  return {
    check,
    level: 'ok',
    text: say(`${applied.length} 个，全部一致`, `${applied.length}, all as this program has them`),
    facts,
  }
}

/** Whether the master key is the store's, and opens every key in it to the bytes its check value was made from. */
export async function checkKeys(database: Database, config: Config): Promise<Finding> {
  const check = 'keys'
  const rows = makeKeyRows(database, () => new Date())
  if (await isUnbound(rows)) {
    return {
      check,
      level: 'warn',
      text: say('存储还没有密钥', 'the store has no keys yet'),
      advice: say('首次启动时生成', 'the first start makes them'),
    }
  }
  const { masterKey } = await readMasterKey({
    path: config.masterKey.file ?? join(config.store.dataDir, 'master.key'),
    make: false,
    random: randomBytes,
  })
  const store = makeKeyStore({ rows, masterKey, random: randomBytes })
  await store.open()
  let count = 0
  for (const purpose of keyPurposes) {
    const scopes = new Set((await rows.findAll(purpose)).map(({ scope }) => scope))
    for (const scope of scopes) count += (await store.list(purpose, scope)).length
  }
  return {
    check,
    level: 'ok',
    text: say(
      `主密钥正确，${count} 个密钥均可打开`,
      `the master key is right, and all ${count} keys open`,
    ),
    facts: { count, masterKey: masterKey.checkValue },
  }
}

type AuditRow = Omit<ChainedAuditRow, 'at'> & { readonly at: Date; readonly hash: Buffer }

/** Follows the running hash from the first row to the one the store itself takes for the last. */
export async function checkAudit(database: Database): Promise<Finding> {
  const check = 'audit'
  let seq = 0
  let hash: Buffer = chainStart
  for (;;) {
    const rows = await database.query<AuditRow>(
      `select seq, id, at, actor, role, action, target, detail, hash
       from audit where seq > $1 order by seq limit $2`,
      [seq, rowsPerRead],
    )
    const broken = brokenRow(seq, hash, rows)
    if (broken !== undefined) return brokenChain(broken)
    const last = rows.at(-1)
    if (last === undefined) break
    seq = last.seq
    hash = last.hash
  }
  const [head] = await database.query<{ seq: number; hash: Buffer }>(
    'select audit_seq as seq, audit_hash as hash from sequence where id = 1',
  )
  if (head?.seq !== seq || !head.hash.equals(hash)) return brokenChain(seq + 1)
  return {
    check,
    level: 'ok',
    text: say(`${seq} 行，哈希链完整`, `${seq} rows, and the chain of hashes is whole`),
    facts: { rows: seq },
  }
}

/** The number of the first row that does not follow from the one before. */
function brokenRow(seq: number, hash: Buffer, rows: readonly AuditRow[]): number | undefined {
  const gap = rows.findIndex((row, at) => row.seq !== seq + at + 1)
  const whole = gap < 0 ? rows : rows.slice(0, gap)
  const broken = findBrokenLink(
    hash,
    whole.map(row => ({ ...row, at: row.at.toISOString() })),
  )
  return broken ?? (gap < 0 ? undefined : seq + gap + 1)
}

function brokenChain(row: number): Finding {
  return {
    check: 'audit',
    level: 'bad',
    text: say(
      `哈希链在第 ${row} 行断开：该行被改、被删或后来插入`,
      `the chain of hashes breaks at row ${row}: it was changed, removed or put in later`,
    ),
    advice: say('请与更早的备份比对', 'compare with an earlier backup'),
    facts: { row },
  }
}

/** Whether every alias leads to a living record that has it. */
export async function checkAliases(database: Database): Promise<Finding> {
  const [row] = await database.query<{ count: number; lost: number; example: string | null }>(
    `select count(*) as count, count(*) filter (where not is_whole) as lost,
       min(key) filter (where not is_whole) as example
     from (
       select a.key, coalesce(r.gone is null and exists (
         select 1 from json_array_elements(r.aliases) named where named ->> 'key' = a.key
       ), false) as is_whole
       from aliases a left join records r on r.key = a.record_key and r.prefix = a.record_prefix
     ) checked`,
  )
  return rowsFinding('aliases', row, {
    whole: count => say(`${count} 个，均指向其记录`, `${count}, each with its record`),
    lost: say('没有记录的别名', 'aliases without their record'),
  })
}

/** Whether every change that tells of a record has it, at least as new; and that numbers have no gaps. */
export async function checkChanges(database: Database): Promise<Finding> {
  const [numbers] = await database.query<{ kept: number; first: number | null; newest: number }>(
    `select c.kept, c.first, change_seq as newest
     from sequence, (
       select coalesce(sum(count), 0)::int8 as kept, min(seq - count + 1) as first from changes where seq is not null
     ) c
     where id = 1`,
  )
  const { kept = 0, first = null, newest = 0 } = numbers ?? {}
  const expected = first === null ? 0 : newest - first + 1
  if (kept !== expected) {
    return {
      check: 'changes',
      level: 'bad',
      text: say(
        `应有 ${expected} 个编号，实有 ${kept} 个`,
        `there should be ${expected} numbers, there are ${kept}`,
      ),
      advice: restoreAgain,
      facts: { expected, kept },
    }
  }
  const [row] = await database.query<{ count: number; lost: number; example: string | null }>(
    `select count(*) as count, count(*) filter (where r.key is null) as lost,
       min(c.identifier) filter (where r.key is null) as example
     from (
       select identifier, prefix, serial, keys[1] as key from changes
       where items is null and (directory is null or kind = 'subject')
       union all
       select item ->> 0, prefix, (item ->> 1)::int8, item ->> 4
       from changes, json_array_elements(items) as item where items is not null
     ) c left join records r on r.key = c.key and r.prefix = c.prefix and r.serial >= c.serial`,
  )
  return rowsFinding('changes', row, {
    whole: count => say(`${count} 个，均有其记录`, `${count}, each with its record`),
    lost: say('没有记录的变更', 'changes without their record'),
  })
}

function rowsFinding(
  check: string,
  row: { count: number; lost: number; example: string | null } | undefined,
  texts: {
    readonly whole: (count: number) => Finding['text']
    readonly lost: Finding['text']
  },
): Finding {
  const { count = 0, lost = 0, example = null } = row ?? {}
  if (lost === 0) return { check, level: 'ok', text: texts.whole(count), facts: { count } }
  return {
    check,
    level: 'bad',
    text: say(
      `${lost} 个${texts.lost.zh}，如 ${example}`,
      `${lost} ${texts.lost.en}, such as ${example}`,
    ),
    advice: restoreAgain,
    facts: { count, lost, example },
  }
}

const restoreAgain = say(
  '备份不完整，请重新恢复或换一个备份',
  'the backup is not whole: restore it again, or another one',
)

/** What there is. */
export async function countRows(database: Database): Promise<Finding> {
  const [counts] = await database.query<Record<string, number>>(
    `select (select count(*) from records where gone is null) as records,
       (select count(*) from records where gone is not null) as tombstones,
       (select count(*) from prefixes) as prefixes,
       (select count(*) from subjects) as subjects,
       (select count(*) from clients) as clients,
       (select count(*) from changes where seq is null) + (select count(*) from audit where seq is null) as unnumbered`,
  )
  const { records, tombstones, prefixes, subjects, clients, unnumbered } = counts ?? {}
  return {
    check: 'contents',
    level: 'ok',
    text: say(
      `记录 ${records}，已注销 ${tombstones}，前缀 ${prefixes}，主体 ${subjects}，凭证 ${clients}，待编号 ${unnumbered}`,
      `${records} records, ${tombstones} tombstones, ${prefixes} prefixes, ${subjects} subjects, ${clients} clients, ${unnumbered} rows still to be numbered`,
    ),
    facts: { ...counts },
  }
}
