import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { makeApiKey } from '../../src/access/api-keys.ts'
import { makeHasAuthority } from '../../src/access/authority.ts'
import { makePermissions } from '../../src/access/permissions.ts'
import { makeApiKeyHash } from '../../src/crypto/api-key-hash.ts'
import { makeCodeCipher } from '../../src/crypto/code-cipher.ts'
import { hashAuditRow } from '../../src/evidence/audit-chain.ts'
import { PrefixDirectory } from '../../src/mapping/directory.ts'
import { printPrefixKey } from '../../src/mapping/prefix-key.ts'
import { isUnder, parsePrefix } from '../../src/mapping/prefix-walk.ts'
import { anyone, type Caller } from '../../src/model/caller.ts'
import type { Subject } from '../../src/model/subject.ts'
import { type ClientParts, makeClientRegistry } from '../../src/registry/clients.ts'
import { issueCode } from '../../src/registry/codes.ts'
import { makeIdentifiers } from '../../src/registry/identifiers.ts'
import { makePrefixes, type PrefixParts } from '../../src/registry/prefixes.ts'
import { aliasLeads } from '../../src/resolver/answer.ts'
import { makeAnswerCache } from '../../src/resolver/answer-cache.ts'
import { makeApply } from '../../src/resolver/follow-changes.ts'
import { gather } from '../../src/resolver/gather.ts'
import { makeKnownKeys } from '../../src/resolver/known-keys.ts'
import { makeResolver, type Question } from '../../src/resolver/resolve.ts'
import type { Database } from '../../src/storage/postgres/database.ts'
import { readDirectory, readDirectoryRows } from '../../src/storage/postgres/directory.ts'
import { makeStoredKeys } from '../../src/storage/postgres/known-keys.ts'
import { makeRecords } from '../../src/storage/postgres/records.ts'
import { numberCommitted } from '../../src/storage/postgres/sequencer.ts'
import { makeTransactions } from '../../src/storage/postgres/transactions.ts'
import { aCaller, anOperator, codePrefix, names, nodePrefix } from '../support/builders.ts'
import { aClock } from '../support/clock.ts'
import { aStore } from '../support/store.ts'

export type Core = Awaited<ReturnType<typeof coreOver>>

/** Registering and resolving over an empty store of its own. */
export async function aCore(t: Test, engine: Database['engine'] = 'embedded'): Promise<Core> {
  return coreOver(await aStore(t, { engine }))
}

/** One process of a node without its doors: what `assembly` connects, over a clock that stands still. */
export async function coreOver(database: Database) {
  const clock = aClock()
  const directory = new PrefixDirectory(nodePrefix)
  directory.learn(await readDirectory(database))
  const records = makeRecords(database)
  const cipher = makeCodeCipher({ prefix: codePrefix, keys: [demoKey] })
  // Says nothing until a test lets it read.
  const knownKeys = makeKnownKeys({
    stored: makeStoredKeys(database),
    isFollowing: () => true,
    keysMax: 10_000,
    random: () => randomBytes(4).readUInt32LE(),
    sleep: async () => undefined,
    onError: error => {
      throw error
    },
  })
  const resolver = makeResolver({
    directory,
    cache: makeAnswerCache({ entriesMax: 10_000, bytesMax: 10_000_000, absentMax: 1000 }),
    find: gather(keys => records.find(keys), { keysMax: 256, batchesMax: 4, waitingMax: 10_000 }),
    mayHave: knownKeys.mayHave,
    mayBeIssued: () => true,
    seesAll: () => false,
    encode: answer => Buffer.from(JSON.stringify(answer)),
    clock,
    random: () => 0,
    publicUrl: () => 'https://id.example.cn',
    codePrefix,
    answerTtlSeconds: 300,
    ttlJitter: 0,
    absentTtlSeconds: 10,
    staleSecondsMax: 3600,
    metrics: { resolved: () => undefined, storeAway: () => undefined, refreshed: () => undefined },
  })
  const apply = makeApply({
    refreshDirectory: async rows =>
      directory.learn(await readDirectoryRows(database, rows.prefixes, rows.subjects)),
    forget(keys) {
      knownKeys.add(keys)
      resolver.forget(keys)
    },
  })
  const transactions = makeTransactions({
    database,
    now: () => new Date(clock.now()),
    follow: apply,
  })
  const permissions = makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) })
  const subjectIdByCode = (code: string) => directory.subjectByCode(code)?.id ?? 'unknown'
  const identifierRules = {
    names,
    matchPrefix: directory.match.bind(directory),
    demandAuthority: permissions.demand,
    aliasLeads: ((alias, { system, prefix }) =>
      aliasLeads(directory, alias, directory.find(system, prefix))) satisfies Parameters<
      typeof makeIdentifiers
    >[0]['aliasLeads'],
  }
  const prefixParts: Omit<PrefixParts, 'transactions'> = {
    parsePrefix,
    subjectIdByCode,
    codeOf: (id: string) => directory.subject(id)?.code,
    printPrefix: printPrefixKey,
    demandOperator: (caller, action) => permissions.demand(caller, action, {}),
  }
  const prefixes = makePrefixes({ ...prefixParts, transactions })
  const clientParts: ClientParts = {
    transactions,
    makeKey: () => makeApiKey(randomBytes),
    hash: makeApiKeyHash(Buffer.alloc(32)),
    demandOperator: (caller, action) => permissions.demand(caller, action, {}),
    normalize: input => ({ ...input, keys: [], certificates: [], hasApiKey: true }),
    subjectIdByCode,
    forget: () => undefined,
  }

  /** A new subject with a code, and a caller who acts for it. */
  async function enterprise(id: string): Promise<Caller & { readonly of: Subject }> {
    const of = await transactions.write(anOperator, ledger =>
      issueCode(
        { prefix: codePrefix, encode: seq => cipher.encode(seq, demoKey.version), keyVersion: 1 },
        ledger,
        {
          id,
          name: `企业 ${id}`,
          region: null,
          industry: null,
          grade: null,
          uscc: id,
          sealUscc: uscc => ({ index: uscc, sealed: Buffer.from(uscc) }),
        },
        anOperator.id,
      ),
    )
    return { ...aCaller({ id: `c1ient-${id}`, subject: id }), of }
  }

  return {
    database,
    clock,
    directory,
    resolver,
    knownKeys,
    transactions,
    apply,
    prefixes,
    prefixParts,
    identifierRules,
    identifiers: makeIdentifiers({
      ...identifierRules,
      transactions,
      mayHave: knownKeys.mayHave,
    }),
    clients: makeClientRegistry(clientParts),
    clientParts,
    enterprise,
    async prefix(prefix: string, input: Partial<Parameters<typeof prefixes.create>[0]> = {}) {
      return prefixes.create({ prefix, ...input }, anOperator)
    },
    async ask(identifier: string, more: Partial<Question> = {}) {
      const { answer } = await resolver.resolve({
        identifier: names.parse(identifier),
        caller: anyone,
        filter: { types: [], indexes: [] },
        ...more,
      })
      return answer
    },
    /** Numbers whatever is committed. */
    async number() {
      while ((await numberCommitted(database, hashAuditRow)) > 0);
    },
  }
}

const demoKey = {
  version: 1,
  algorithm: 'sm4',
  key: Buffer.from('0123456789abcdeffedcba9876543210', 'hex'),
  state: 'active',
  filter: true,
} as const
