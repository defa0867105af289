import { parsePrefixKey, printPrefixKey } from '../mapping/prefix-key.ts'
import { parsePrefix } from '../mapping/prefix-walk.ts'
import type { Caller } from '../model/caller.ts'
import type { FilingTransactions } from '../registry/applications/parts.ts'
import { type AliasStanding, makeAliasStanding } from '../registry/holdings/alias-standing.ts'
import { type Holdings, makeHoldings } from '../registry/holdings/holdings.ts'
import { type MappingRules, makeMappingRules } from '../registry/holdings/mapping-rules.ts'
import type { IdentifierRules } from '../registry/identifiers.ts'
import type { Database } from '../storage/postgres/database.ts'
import { type HoldingReader, makeHoldingReader } from '../storage/postgres/holdings.ts'
import { makeRuleReader } from '../storage/postgres/mapping-rules.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'

/** What stands behind prefixes, and where they lead. */
export interface Mapping {
  readonly holdings: Holdings
  readonly rules: MappingRules
  readonly aliasStanding: AliasStanding
}

export interface MappingSources {
  readonly transactions: FilingTransactions
  readonly identifierRules: IdentifierRules
}

/** How long a holding may be in force, or out of it, beyond its instant. */
const turnEveryMs = 1_000

export function openMapping(
  { config, log, clock, closers }: Pick<BuildParts, 'config' | 'log' | 'clock' | 'closers'>,
  database: Database,
  { permissions, names, directory }: Pick<Reading, 'permissions' | 'names' | 'directory'>,
  { transactions, identifierRules }: MappingSources,
): Mapping {
  const reads = makeHoldingReader(database)
  const subjectByCode = (code: string) => directory.subjectByCode(names.parse(code, 'code').text)
  const holdings = makeHoldings({
    transactions,
    reads,
    demand: permissions.demand,
    subjectByCode,
    subjectById: id => directory.subject(id),
    codeOf: id => directory.subject(id)?.code,
    parsePrefix,
    printPrefix: printPrefixKey,
    nodePrefix: config.node.prefix,
    codePrefix: config.code.prefix,
  })
  let isTurning = false
  const turning = clock.every(turnEveryMs, () => {
    if (isTurning) return
    isTurning = true
    turnDue(reads, holdings, new Date(clock.now()))
      .catch(error => log.warn({ err: error }, 'cannot begin or end holdings that are due'))
      .finally(() => {
        isTurning = false
      })
  })
  closers.add('holding turns', () => turning.cancel())
  return {
    holdings,
    rules: makeMappingRules({
      transactions,
      demand: permissions.demand,
      subjectByCode,
      matchPrefix: identifier => directory.match(identifier),
      parseIdentifier: (text, system) => names.parse(text, system),
      parsePrefix,
      parsePrefixKey,
      prefixesOf: id => directory.prefixesOf(id),
      rulesOf: makeRuleReader(database),
    }),
    aliasStanding: makeAliasStanding({
      transactions,
      names,
      aliasLeads: identifierRules.aliasLeads,
      demandOperator: (caller, action) => permissions.demand(caller, action, {}),
    }),
  }
}

/** Every process looks, and the row's lock lets one of them do it: that needs no lease, and no clock but the database's rows. */
async function turnDue(
  reads: Pick<HoldingReader, 'due'>,
  holdings: Pick<Holdings, 'turn'>,
  now: Date,
): Promise<void> {
  for (const id of await reads.due(now)) await holdings.turn(id, time)
}

const time: Caller = { id: 'node', role: 'operator', subject: null, prefixes: [] }
