import { randomBytes } from 'node:crypto'
import type { Permissions } from '../../access/permissions.ts'
import {
  type MappingRule,
  type RuleContent,
  type RuleReading,
  readRule,
  rulesPerPrefixMax,
  targetsOf,
} from '../../mapping/rules.ts'
import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import type { Identifier, System } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import type { Subject } from '../../model/subject.ts'
import { say } from '../../model/text.ts'
import type { WriteRequest } from '../identifiers.ts'
import type { Ledger, PrefixRow, Transactions } from '../parts.ts'

/** A rule as its writer gives it: for a prefix that the subject holds, named as `gs1:6901234`. */
export interface RuleInput {
  readonly prefix: string
  readonly content: RuleContent
}

export interface MappingRuleParts extends Pick<RuleReading, 'parseIdentifier' | 'parsePrefix'> {
  readonly transactions: Transactions
  readonly demand: Permissions['demand']
  readonly subjectByCode: (code: string) => Subject | undefined
  readonly matchPrefix: (identifier: Pick<Identifier, 'system' | 'authority'>) => Prefix | undefined
  readonly parsePrefixKey: (text: string) => { readonly system: System; readonly prefix: string }
  readonly prefixesOf: (subject: string) => readonly Pick<Prefix, 'system' | 'prefix'>[]
  readonly rulesOf: (system: System, prefix: string) => Promise<readonly MappingRule[]>
}

/** How identifiers under a subject's prefixes lead to its records. */
export interface MappingRules {
  /** The rules of every prefix that the subject holds, prefix by prefix, in the order in which they are asked. */
  list(code: string, caller: Caller): Promise<readonly MappingRule[]>
  create(code: string, input: RuleInput, request: WriteRequest): Promise<MappingRule>
  /** @returns false where the subject has no such rule */
  remove(code: string, id: string, request: WriteRequest): Promise<boolean>
}

export function makeMappingRules(parts: MappingRuleParts): MappingRules {
  const { transactions, demand } = parts

  function known(
    code: string,
    caller: Caller,
    action: 'rule.list' | 'rule.create' | 'rule.delete',
  ) {
    const subject = parts.subjectByCode(code)
    if (subject === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
    demand(caller, action, { subject: subject.id })
    return subject
  }

  async function listOf({ id }: Subject): Promise<readonly MappingRule[]> {
    const rules: MappingRule[] = []
    for (const { system, prefix } of parts.prefixesOf(id)) {
      rules.push(...(await parts.rulesOf(system, prefix)))
    }
    return rules
  }

  return {
    async list(code, caller) {
      return listOf(known(code, caller, 'rule.list'))
    },

    async create(code, { prefix: key, content: given }, { caller, idempotency }) {
      const subject = known(code, caller, 'rule.create')
      const { system, prefix } = parts.parsePrefixKey(key)
      const content = readRule(given, { ...parts, system, prefix })
      demandOwnTargets(parts, content, subject)
      return transactions.write(
        caller,
        async ledger => {
          const row = await lockOwn(ledger, system, prefix, subject)
          const former = await ledger.rulesOf(system, prefix)
          if (former.length >= rulesPerPrefixMax) throw tooMany()
          const rule: MappingRule = {
            id: randomBytes(12).toString('hex'),
            system,
            prefix,
            position: (former.at(-1)?.position ?? 0) + 1,
            content,
          }
          await ledger.putRule(rule)
          await announceRules(ledger, row, `rule.created`, rule.id)
          return rule
        },
        idempotency,
      )
    },

    async remove(code, id, { caller, idempotency }) {
      const subject = known(code, caller, 'rule.delete')
      const rule = (await listOf(subject)).find(each => each.id === id)
      if (rule === undefined) return false
      const { system, prefix } = rule
      return transactions.write(
        caller,
        async ledger => {
          const row = await lockOwn(ledger, system, prefix, subject)
          if (!(await ledger.dropRule(id, system, prefix))) return false
          await announceRules(ledger, row, 'rule.deleted', id)
          return true
        },
        idempotency,
      )
    },
  }
}

/** What a rule makes must be the subject's own: it would lead nowhere else, and better says so now. */
function demandOwnTargets(
  { matchPrefix, parseIdentifier }: MappingRuleParts,
  content: RuleContent,
  subject: Subject,
): void {
  const stranger = targetsOf(content).find(
    target => matchPrefix(parseIdentifier(target))?.owner !== subject.id,
  )
  if (stranger === undefined) return
  throw invalid(
    '/to',
    'rule.owner',
    say(
      `目标 ${stranger} 不在该主体持有的前缀之下`,
      `${stranger} does not lie below a prefix that this subject holds`,
    ),
  )
}

async function lockOwn(
  ledger: Ledger,
  system: System,
  prefix: string,
  { id }: Subject,
): Promise<PrefixRow> {
  const row = await ledger.lockPrefix(system, prefix)
  if (row?.owner === id) return row
  throw invalid(
    '/prefix',
    'rule.holder',
    say('该主体未持有此前缀', 'the subject does not hold this prefix'),
  )
}

/** Every process reads the rules of the prefix again, and its new epoch outdates what was answered by the former ones. */
async function announceRules(
  ledger: Ledger,
  { system, prefix, serial }: PrefixRow,
  action: string,
  rule: string,
): Promise<void> {
  await ledger.growEpochs([[system, prefix]], [])
  await ledger.audit({ action, target: `prefix:${system}:${prefix}`, detail: { rule } })
  await ledger.announce({
    identifier: system === 'handle' ? `0.NA/${prefix}` : `${system}:${prefix}`,
    prefix,
    serial,
    op: 'replaced',
    kind: 'prefix',
    keys: [],
    directory: { prefixes: [[system, prefix]], subjects: [] },
  })
}

function tooMany(): Failure {
  return new Failure(
    'STATE_CONFLICT',
    say(
      `一个前缀最多 ${rulesPerPrefixMax} 条规则；请用对照表合并`,
      `a prefix has at most ${rulesPerPrefixMax} rules; put many pairs into one table`,
    ),
  )
}
