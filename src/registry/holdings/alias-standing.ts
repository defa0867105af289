import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import type { Identifier, System } from '../../model/identifier.ts'
import type { Alias, StoredRecord } from '../../model/record.ts'
import { say } from '../../model/text.ts'
import { type Leads, writeAliases } from '../aliases.ts'
import type { WriteRequest } from '../identifiers.ts'
import type { Transactions } from '../parts.ts'

export interface AliasStandingInput {
  /** The record, in any spelling. */
  readonly identifier: string
  /** One of its aliases, in any spelling. */
  readonly alias: string
  readonly system?: System
  readonly standing: Alias['standing']
}

export interface AliasStandingParts {
  readonly transactions: Transactions
  readonly names: { parse(text: string, system?: System): Identifier }
  readonly aliasLeads: Leads
  readonly demandOperator: (caller: Caller, action: 'alias.stand') => void
}

/** An operator's word on an alias; the value that names it stays as its owner wrote it. */
export interface AliasStanding {
  /**
   * `released`: it leads also while nobody holds its prefix. `granted`: it leads whoever does. `claimed`: as its writer's
   * own word.
   * @throws Failure `IDENTIFIER_UNKNOWN`, `INPUT_INVALID` where the record has no such alias
   */
  set(input: AliasStandingInput, request: WriteRequest): Promise<StoredRecord>
}

export function makeAliasStanding(parts: AliasStandingParts): AliasStanding {
  const { transactions, names, aliasLeads, demandOperator } = parts
  return {
    async set({ identifier, alias, system, standing }, { caller, ifSerial, idempotency }) {
      demandOperator(caller, 'alias.stand')
      const { key } = names.parse(identifier)
      const named = names.parse(alias, system)
      return transactions.write(
        caller,
        async ledger => {
          const before = await ledger.lockRecord(key)
          if (before === undefined || before.gone !== null) throw new Failure('IDENTIFIER_UNKNOWN')
          if (ifSerial !== undefined && ifSerial !== before.serial) {
            throw new Failure('VERSION_STALE', undefined, { facts: { serial: before.serial } })
          }
          if (!before.aliases.some(each => each.key === named.key)) throw notNamed()
          const record: StoredRecord = {
            ...before,
            aliases: before.aliases.map(each =>
              each.key === named.key ? { ...each, standing } : each,
            ),
            serial: before.serial + 1,
            updatedAt: ledger.at.toISOString(),
          }
          await ledger.putRecord(record, before)
          const keys = await writeAliases(ledger, record, before, aliasLeads)
          await ledger.audit({
            action: 'alias.stands',
            target: record.identifier,
            detail: { alias: named.text, system: named.system, standing, serial: record.serial },
          })
          await ledger.announce({
            identifier: record.identifier,
            prefix: record.prefix,
            serial: record.serial,
            op: 'replaced',
            kind: record.kind,
            keys: [record.key, ...keys],
          })
          return record
        },
        idempotency,
      )
    },
  }
}

function notNamed(): Failure {
  return invalid(
    '/alias',
    'alias.unknown',
    say('该记录没有此别名', 'the record has no value that names it so'),
  )
}
