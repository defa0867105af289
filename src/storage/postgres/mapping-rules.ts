import type { RulesOfPrefix } from '../../mapping/rule-match.ts'
import type { MappingRule, RuleContent } from '../../mapping/rules.ts'
import type { HoldingRows } from '../../registry/parts.ts'
import type { Queries } from './database.ts'

const ruleColumns = 'id, system, prefix, position, content'

type RuleWrites = Pick<HoldingRows, 'rulesOf' | 'putRule' | 'dropRule'>

export function ruleWrites(queries: Queries, callerId: string, at: Date): RuleWrites {
  return {
    rulesOf: (system, prefix) =>
      queries.query<RuleRow>(
        `select ${ruleColumns} from mapping_rules where system = $1 and prefix = $2 order by position, id`,
        [system, prefix],
      ),

    async putRule({ id, system, prefix, position, content }) {
      await queries.query(
        `insert into mapping_rules (id, system, prefix, kind, position, content, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, system, prefix, content.kind, position, JSON.stringify(content), callerId, at],
      )
    },

    async dropRule(id, system, prefix) {
      const rows = await queries.query(
        'delete from mapping_rules where id = $1 and system = $2 and prefix = $3 returning id',
        [id, system, prefix],
      )
      return rows.length > 0
    },
  }
}

type RuleRow = MappingRule & { readonly content: RuleContent }

/** The prefixes that have rules. */
export async function readRuledPrefixes(
  database: Queries,
): Promise<readonly (readonly [system: string, prefix: string])[]> {
  const rows = await database.query<{ system: string; prefix: string }>(
    'select distinct system, prefix from mapping_rules',
  )
  return rows.map(({ system, prefix }) => [system, prefix] as const)
}

/** The rules of these prefixes and the epochs they belong to, of one instant. */
export async function readRulesOf(
  database: Queries,
  named: readonly (readonly [system: string, prefix: string])[],
): Promise<RulesOfPrefix[]> {
  if (named.length === 0) return []
  const rows = await database.query<RuledRow>(
    `select p.system, p.prefix, p.epoch, r.id, r.position, r.content
     from prefixes p left join mapping_rules r on r.system = p.system and r.prefix = p.prefix
     where (p.system, p.prefix) in (select * from unnest($1::text[], $2::text[]))`,
    [named.map(([system]) => system), named.map(([, prefix]) => prefix)],
  )
  const byPrefix = new Map<string, RulesOfPrefix & { readonly rules: MappingRule[] }>()
  for (const { epoch, ...row } of rows) {
    const key = `${row.system}:${row.prefix}`
    const { system, prefix } = row
    const found = byPrefix.get(key) ?? { system, prefix, epoch, rules: [] }
    byPrefix.set(key, found)
    if (row.id !== null) found.rules.push(row)
  }
  return [...byPrefix.values()]
}

/** A prefix without rules has one row too. */
type RuledRow = Pick<MappingRule, 'system' | 'prefix'> & { readonly epoch: number } & (
    | Omit<MappingRule, 'system' | 'prefix'>
    | { readonly id: null }
  )

/** The rules of one prefix, in their order. */
export function makeRuleReader(database: Queries) {
  return (system: string, prefix: string): Promise<readonly MappingRule[]> =>
    database.query<RuleRow>(
      `select ${ruleColumns} from mapping_rules
       where system = $1 and prefix = $2 order by position, id`,
      [system, prefix],
    )
}
