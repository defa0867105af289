import { join } from 'node:path'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { makeHasAuthority } from '../../../src/access/authority.ts'
import { type Cidrs, parseCidrs } from '../../../src/access/cidr.ts'
import { makePermissions } from '../../../src/access/permissions.ts'
import { PrefixDirectory } from '../../../src/mapping/directory.ts'
import { parsePrefixKey, printPrefixKey } from '../../../src/mapping/prefix-key.ts'
import { isUnder, parsePrefix } from '../../../src/mapping/prefix-walk.ts'
import { levelsAbove } from '../../../src/mapping/schemes/gs1-levels.ts'
import { anyone, type Caller } from '../../../src/model/caller.ts'
import type { Change } from '../../../src/model/change.ts'
import { Failure } from '../../../src/model/failures.ts'
import type { Prefix } from '../../../src/model/prefix.ts'
import type { StoredRecord } from '../../../src/model/record.ts'
import type { Subject } from '../../../src/model/subject.ts'
import { encodeAnswerJson } from '../../../src/protocols/http/answer-json.ts'
import { openAnswerProtobuf } from '../../../src/protocols/http/answer-protobuf.ts'
import { buildApp } from '../../../src/protocols/http/app.ts'
import { encodeRestValues } from '../../../src/protocols/http/handle-rest/value-json.ts'
import type { HttpParts, Rates } from '../../../src/protocols/http/parts.ts'
import { recordSheets } from '../../../src/protocols/sheets/write-records.ts'
import { makeIdentifiers } from '../../../src/registry/identifiers.ts'
import type { Ledger, Transactions } from '../../../src/registry/parts.ts'
import { makePrefixes } from '../../../src/registry/prefixes.ts'
import { aliasLeads } from '../../../src/resolver/answer.ts'
import { makeAnswerCache } from '../../../src/resolver/answer-cache.ts'
import { makeResolver } from '../../../src/resolver/resolve.ts'
import { makeLog } from '../../../src/runtime/log.ts'
import { makeLabels } from '../../../src/services/labels/labels.ts'
import {
  aCaller,
  anOperator,
  aPrefix,
  aRecord,
  aSubject,
  codePrefix,
  names,
  nodePrefix,
} from '../../support/builders.ts'
import { aClock } from '../../support/clock.ts'
import { repositoryFolder } from '../../support/store.ts'

export interface DoorWorld {
  readonly prefixes?: readonly (Prefix & { readonly serial: number })[]
  readonly subjects?: readonly (Subject & { readonly epoch: number })[]
  readonly records?: readonly StoredRecord[]
  /** Who sends `Bearer <name>`. */
  readonly callers?: Readonly<Record<string, Caller>>
  readonly rates?: Partial<Rates>
  readonly limits?: Partial<HttpParts['limits']>
  readonly parts?: Partial<HttpParts>
  /** Parts that are made of the others. */
  readonly more?: (parts: HttpParts) => Partial<HttpParts>
  /** False: the house is not asked for the key. */
  readonly mayHave?: (key: string) => boolean
}

export const publicUrl = 'https://id.example.cn'
export const protobuf = openAnswerProtobuf(join(repositoryFolder, 'proto'))

export const limits: HttpParts['limits'] = {
  headerBytesMax: 16_384,
  urlBytesMax: 8_192,
  bodyBytesMax: 10_485_760,
  headersTimeoutMs: 15_000,
  bodyTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  keepAliveTimeoutMs: 30_000,
  socketRequestsMax: 0,
  socketsMax: 1_000,
}

/** A world with one product under a prefix that an enterprise holds, and who may write there. */
export const aSmallWorld = {
  subjects: [aSubject('aaaaaaaaaaaaaa'), aSubject('bbbbbbbbbbbbbb')],
  prefixes: [
    aPrefix('88.118.8', { owner: 'aaaaaaaaaaaaaa' }),
    aPrefix('88.118.7', { owner: 'bbbbbbbbbbbbbb' }),
    aPrefix('88.118.9', {
      served: 'delegated',
      sites: [{ address: '192.0.2.7', protocols: [{ protocol: 'TCP', port: 2641 }] }],
    }),
    aPrefix(codePrefix),
  ],
  records: [aRecord({ identifier: '88.118.8/ABC-1' })],
  callers: {
    operator: anOperator,
    owner: aCaller({ id: '0wner000', subject: 'aaaaaaaaaaaaaa' }),
    other: aCaller({ id: '0ther000', subject: 'bbbbbbbbbbbbbb' }),
  },
} satisfies DoorWorld

/** The HTTP door before a house in memory: real names, rules, resolver and registry; rows in maps, time that stands still. */
export function aDoor(t: Test, world: DoorWorld = {}) {
  const { prefixes = [], subjects = [], records = [], callers = {} } = world
  const clock = aClock()
  const directory = new PrefixDirectory(nodePrefix)
  directory.learn({ prefixes, subjects })
  const house = aHouse(records, clock)
  const logged: string[] = []
  const permissions = makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) })
  const resolver = makeResolver({
    directory,
    cache: makeAnswerCache({ entriesMax: 1000, bytesMax: 10_000_000, absentMax: 100 }),
    // Asked anew each time: a test may put another in its place.
    find: key => house.find(key),
    mayBeIssued: () => true,
    seesAll: (caller, { system, prefix: authority, subject }, prefix) =>
      permissions.may(caller, 'identifier.read', { system, authority, prefix, subject }),
    encode: (answer, form) =>
      form === 'json'
        ? encodeAnswerJson(answer)
        : form === 'rest'
          ? encodeRestValues(answer)
          : protobuf.encode(answer),
    ...(world.mayHave && { mayHave: world.mayHave }),
    clock,
    random: () => 0,
    publicUrl: () => publicUrl,
    codePrefix,
    answerTtlSeconds: 300,
    ttlJitter: 0.1,
    absentTtlSeconds: 10,
    staleSecondsMax: 3600,
    metrics: { resolved: () => undefined, storeAway: () => undefined, refreshed: () => undefined },
  })
  house.onWritten = keys => resolver.forget(keys)

  const parts: HttpParts = {
    resolver,
    names,
    directory,
    identifiers: makeIdentifiers({
      transactions: house.transactions,
      names,
      matchPrefix: identifier => directory.match(identifier),
      demandAuthority: permissions.demand,
      mayHave: () => true,
      aliasLeads: (alias, record) =>
        aliasLeads(directory, alias, directory.find(record.system, record.prefix)),
    }),
    records: {
      read: async key => house.records.get(key),
      list: async (system, prefix, { limit }) => ({
        items: [...house.records.values()]
          .filter(record => record.gone === null && record.system === system)
          .filter(record => isUnder(system, record.prefix, prefix))
          .slice(0, limit),
        next: null,
      }),
      listOf: async (prefixes, kind, { limit }) => ({
        items: [...house.records.values()]
          .filter(record => record.gone === null && (kind ?? record.kind) === record.kind)
          .filter(record => prefixes.some(({ prefix }) => prefix === record.prefix))
          .slice(0, limit),
        next: null,
      }),
      async *under(system, prefix) {
        for (const record of house.records.values()) {
          const isThere = record.gone === null && record.kind !== 'subject'
          if (isThere && record.system === system && isUnder(system, record.prefix, prefix)) {
            yield [record]
          }
        }
      },
      countUnder: async (_system, _prefix, max) => Math.min(house.records.size, max),
    },
    recordSheets,
    prefixes: makePrefixes({
      transactions: house.transactions,
      parsePrefix,
      subjectIdByCode: code => directory.subjectByCode(code)?.id ?? '',
      codeOf: id => directory.subject(id)?.code,
      printPrefix: printPrefixKey,
      demandOperator: (caller, action) => permissions.demand(caller, action, {}),
    }),
    clients: {
      create: async () => ({ id: '0123abcd', key: 'qxk_0123abcd_made' }),
      list: async () => ({ items: [], next: null }),
      revoke: async id => id === '0123abcd',
    },
    ...noMachines,
    mapping: noMapping,
    changes: {
      read: async () => ({ changes: [], oldest: 1, newest: 0 }),
      beyond: async () => undefined,
    },
    reverse: { find: async () => ({ items: [], next: null }) },
    audit: { list: async () => ({ items: [], next: null }) },
    ...noFiling,
    people: nobody,
    async authenticate(header) {
      const caller = header === undefined ? anyone : callers[header.replace('Bearer ', '')]
      if (caller === undefined) throw new Failure('NOT_AUTHENTICATED')
      return caller
    },
    permissions,
    isUnder,
    levelsAbove,
    aliasLeads: (alias, record) =>
      aliasLeads(directory, alias, directory.find(record.system, record.prefix)),
    prefixKeys: { parse: parsePrefixKey, print: printPrefixKey },
    isForged: () => false,
    codePrefix,
    labels: makeLabels({ publicUrl: () => publicUrl }),
    isDemoCode: () => false,
    whyNotInForce: async () => undefined,
    protobuf,
    publicUrl: () => publicUrl,
    readiness: () => ({ ready: true, degraded: [] }),
    isStopping: () => false,
    pressure: () => undefined,
    limits: { ...limits, ...world.limits },
    rates: () => ({ resolve: 0, unknown: 0, write: 0, exempt: nowhere, ...world.rates }),
    trustedProxies: () => nowhere,
    corsOrigins: () => ['*'],
    registry: new Registry(),
    log: makeLog({ level: 'info', stream: { write: (line: string) => void logged.push(line) } }),
    clock,
    ...world.parts,
  }
  const app = buildApp({ ...parts, ...world.more?.(parts) })
  t.teardown(() => app.close())
  return { app, parts, clock, house, logged, directory }
}

/** Asking for codes is tried with a whole node: nothing of it is in this house. */
const noFiling = {
  applications: {
    create: unfiled,
    edit: unfiled,
    submit: unfiled,
    withdraw: unfiled,
    read: unfiled,
  },
  review: { assign: unfiled, decide: unfiled },
  mandates: { create: unfiled, read: unfiled, list: unfiled, confirm: unfiled, end: unfiled },
  enterprises: {
    read: unfiled,
    suspend: unfiled,
    resume: unfiled,
    revoke: unfiled,
    place: unfiled,
  },
  files: { put: unfiled, read: unfiled, licences: unfiled },
  jobs: {
    receive: unfiled,
    find: unfiled,
    list: unfiled,
    errors: () => {
      throw new Error('not filed here')
    },
    apply: unfiled,
    cancel: unfiled,
    undo: unfiled,
  },
  prefixProofs: { challenge: unfiled, answer: unfiled, read: unfiled },
  imports: {
    grants: { add: unfiled, list: unfiled, read: unfiled, revoke: unfiled },
    pull: unfiled,
    desk: {
      list: unfiled,
      read: unfiled,
      preview: unfiled,
      release: unfiled,
      rollback: unfiled,
      questions: unfiled,
      answer: unfiled,
    },
  },
  filingLists: {
    applications: async () => ({ items: [], next: null }),
    notices: async () => ({ items: [], next: null }),
  },
} satisfies Partial<HttpParts>

/** Nobody can log in here: `people` of a whole node is tried with one. */
const nobody: HttpParts['people'] = {
  accounts: {
    create: unfiled,
    disable: async () => false,
    reset: async () => undefined,
    inviteOperator: unfiled,
    welcome: async () => undefined,
  },
  setup: { look: unfiled, finish: unfiled },
  sessions: {
    login: unfiled,
    find: async () => undefined,
    logout: async () => undefined,
    renew: async () => undefined,
  },
  lists: { accounts: async () => ({ items: [], next: null }) },
  showTotp: () => ({ secret: '', uri: '', path: '', across: 1 }),
}

/** Holdings and rules are tried with a whole node, too. */
const noMapping: HttpParts['mapping'] = {
  holdings: {
    create: unfiled,
    list: async () => ({ items: [], next: null }),
    read: unfiled,
    claims: async () => ({ items: [], next: null }),
    history: async () => [],
    end: unfiled,
    decide: unfiled,
  },
  rules: { list: async () => [], create: unfiled, remove: async () => false },
  aliasStanding: { set: unfiled },
  explain: () => ({ prefix: undefined, rewriting: undefined, considered: [] }),
}

/** Machines that prove themselves and keys that change are tried with a whole node, too. */
const noMachines = {
  tokens: {
    async issue() {
      throw new Failure('NOT_AUTHENTICATED')
    },
  },
  keys: { list: async () => [], rotate: unfiled, retire: unfiled, destroy: unfiled },
  status: { sign: async () => 'a.status.token', published: () => [] },
} satisfies Partial<HttpParts>

async function unfiled(): Promise<never> {
  throw new Failure('IDENTIFIER_UNKNOWN')
}

export const nowhere: Cidrs = parseCidrs([], '')

/** Rows in memory, written by one transaction after another. */
function aHouse(initial: readonly StoredRecord[], clock: { now(): number }) {
  const records = new Map(initial.map(record => [record.key, record]))
  const prefixes = new Map<string, Parameters<Ledger['putPrefix']>[0] & { epoch: number }>()
  const outcomes = new Map<string, { digest: string; outcome: unknown }>()
  const changes: Change[] = []

  function isFound<Key>(
    entry: readonly [Key, StoredRecord | undefined],
  ): entry is [Key, StoredRecord] {
    return entry[1] !== undefined
  }

  function byAlias(key: string) {
    return [...records.values()].find(record => record.aliases.some(alias => alias.key === key))
  }

  const house = {
    records,
    changes,
    onWritten: (_keys: readonly string[]): void => undefined,
    /** Thrown instead of finding. */
    away: undefined as Failure | undefined,

    async find(key: string) {
      if (house.away !== undefined) throw house.away
      const record = records.get(key)
      if (record !== undefined) return { record, via: null }
      const named = byAlias(key)
      const via = named?.aliases.find(alias => alias.key === key)
      return named && via && { record: named, via }
    },

    transactions: {
      async write(_caller, work, idempotency) {
        const scope = idempotency && `${idempotency.scope} ${idempotency.key}`
        const former = scope === undefined ? undefined : outcomes.get(scope)
        const digest = idempotency?.digest.toString('hex') ?? ''
        if (former !== undefined) {
          if (former.digest !== digest) throw new Failure('IDEMPOTENCY_MISMATCH')
          return former.outcome as never
        }
        const outcome = await work(ledger())
        if (scope !== undefined) outcomes.set(scope, { digest, outcome })
        return outcome
      },
    } satisfies Transactions,
  }

  function ledger(): Ledger {
    return {
      at: new Date(clock.now()),
      lockRecord: async key => records.get(key),
      putRecord: async record => void records.set(record.key, record),
      lockAliases: async keys =>
        new Map(keys.flatMap(key => [[key, byAlias(key)] as const]).filter(isFound)),
      putAliases: async () => undefined,
      lockPrefix: async (system, prefix) => prefixes.get(`${system}:${prefix}`),
      putPrefix: async row =>
        void prefixes.set(`${row.system}:${row.prefix}`, { ...row, epoch: 1 }),
      prefixesWithAliasesUnder: async () => [],
      growEpochs: async () => undefined,
      lockSystem: async () => undefined,
      claimantsAlong: async () => [],
      highestNumberBelow: async () => 0,
      lockHolding: async () => undefined,
      lockActiveHolding: async () => undefined,
      putHolding: async () => undefined,
      claimsWaiting: async () => ({ count: 0, isAsked: false }),
      rulesOf: async () => [],
      putRule: async () => undefined,
      dropRule: async () => false,
      putSubject: async () => undefined,
      nextCodeNumber: async () => 1,
      putClient: async () => true,
      revokeClient: async () => true,
      audit: async () => undefined,
      async announce({ keys, identifier, serial, op, kind, prefix }) {
        const at = new Date(clock.now()).toISOString()
        changes.push({ seq: changes.length + 1, identifier, serial, op, kind, at, prefix, keys })
        house.onWritten(keys)
      },
    }
  }
  return house
}
