import type { Test } from 'tap'
import { makeHasAuthority } from '../../../src/access/authority.ts'
import { makePermissions } from '../../../src/access/permissions.ts'
import { parsePrefixKey, printPrefixKey } from '../../../src/mapping/prefix-key.ts'
import { isUnder, parsePrefix } from '../../../src/mapping/prefix-walk.ts'
import { makeRuleBook } from '../../../src/mapping/rule-match.ts'
import type { Caller } from '../../../src/model/caller.ts'
import { makeAliasStanding } from '../../../src/registry/holdings/alias-standing.ts'
import { makeHoldings } from '../../../src/registry/holdings/holdings.ts'
import { makeMappingRules } from '../../../src/registry/holdings/mapping-rules.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { makeHoldingReader } from '../../../src/storage/postgres/holdings.ts'
import { makeRuleReader, readRulesOf } from '../../../src/storage/postgres/mapping-rules.ts'
import { codePrefix, names, nodePrefix } from '../../support/builders.ts'
import { aStore } from '../../support/store.ts'
import { coreOver } from '../a-core.ts'

export const aReviewer: Caller = { id: 'reviewer', role: 'reviewer', subject: null, prefixes: [] }

/** Where prefixes are claimed and decided on, over a store of its own; time stands still. */
export async function aLandOffice(t: Test, engine: Database['engine'] = 'embedded') {
  const core = await coreOver(await aStore(t, { engine }))
  const { database, directory, transactions, clock } = core
  const permissions = makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) })
  const subjectByCode = (code: string) => directory.subjectByCode(names.parse(code, 'code').text)
  const reads = makeHoldingReader(database)
  const holdings = makeHoldings({
    transactions,
    reads,
    demand: permissions.demand,
    subjectByCode,
    subjectById: id => directory.subject(id),
    codeOf: id => directory.subject(id)?.code,
    parsePrefix,
    printPrefix: printPrefixKey,
    nodePrefix,
    codePrefix,
  })
  const rules = makeMappingRules({
    transactions,
    demand: permissions.demand,
    subjectByCode,
    matchPrefix: identifier => directory.match(identifier),
    parseIdentifier: (text, system) => names.parse(text, system),
    parsePrefix,
    parsePrefixKey,
    prefixesOf: id => directory.prefixesOf(id),
    rulesOf: makeRuleReader(database),
  })
  const ruleBook = makeRuleBook({
    match: identifier => directory.match(identifier),
    find: (system, prefix) => directory.find(system, prefix),
    parseIdentifier: (text, system) => names.parse(text, system),
  })
  const aliasStanding = makeAliasStanding({
    transactions,
    names,
    aliasLeads: core.identifierRules.aliasLeads,
    demandOperator: (caller, action) => permissions.demand(caller, action, {}),
  })
  await core.prefix(nodePrefix)
  await core.prefix(codePrefix)

  return {
    ...core,
    holdings,
    rules,
    ruleBook,
    aliasStanding,
    /** Reads the rules of these prefixes as a change would have the process do. */
    async readRules(...named: readonly (readonly [string, string])[]) {
      ruleBook.learn(await readRulesOf(database, named))
    },
    /** Does whatever time has come for, as the timer of a process would. */
    async turn() {
      for (const id of await reads.due(new Date(clock.now()))) {
        await holdings.turn(id, { id: 'node', role: 'operator', subject: null, prefixes: [] })
      }
    },
    ownerOf: (system: Parameters<typeof directory.find>[0], prefix: string) =>
      directory.find(system, prefix)?.owner,
    /** Whom was told what about a holding. */
    async notices(id: string) {
      const rows = await database.query<{ topic: string; to: string }>(
        `select topic, coalesce(to_role, to_subject, to_client) as to from notices where about = $1`,
        [`holding:${id}`],
      )
      return rows.map(({ topic, to }) => `${topic} ${to}`).sort()
    },
  }
}
