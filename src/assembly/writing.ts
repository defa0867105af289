import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { demandRoleForClient, makeApiKey, parseApiKey } from '../access/api-keys.ts'
import { parseCidrs } from '../access/cidr.ts'
import { type ClientCache, makeClientCache } from '../access/client-cache.ts'
import { readClientKeys, readThumbprints } from '../access/client-keys.ts'
import { hashAuditRow } from '../evidence/audit-chain.ts'
import type { PrefixDirectory } from '../mapping/directory.ts'
import { parsePrefixKey, printPrefixKey } from '../mapping/prefix-key.ts'
import { parsePrefix } from '../mapping/prefix-walk.ts'
import type { Caller } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import type { Alias, StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import type { People } from '../protocols/http/parts.ts'
import {
  type ClientInput,
  type ClientRegistry,
  makeClientRegistry,
  type NormalClient,
} from '../registry/clients.ts'
import type { CodeParts } from '../registry/codes.ts'
import { makeFileCheck } from '../registry/files/check-in-thread.ts'
import { type IdentifierRules, type Identifiers, makeIdentifiers } from '../registry/identifiers.ts'
import type { Jobs } from '../registry/jobs/jobs.ts'
import { type KeyDesk, makeKeyDesk } from '../registry/keys.ts'
import { makePrefixes, type Prefixes, type PrefixParts } from '../registry/prefixes.ts'
import type { Place, WriteAction } from '../registry/record-rules.ts'
import { type MakeGiveWay, makeGiveWay } from '../registry/staging/give-way.ts'
import { aliasLeads } from '../resolver/answer.ts'
import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/log.ts'
import { type ClientReader, makeClients } from '../storage/postgres/clients.ts'
import type { Database } from '../storage/postgres/database.ts'
import { sweep } from '../storage/postgres/retention.ts'
import { makeSequencer } from '../storage/postgres/sequencer.ts'
import { makeTransactions, type StoreTransactions } from '../storage/postgres/transactions.ts'
import { type Filing, openFiling } from './filing.ts'
import { openJobs } from './jobs.ts'
import type { Keys } from './keys.ts'
import { type Mapping, openMapping } from './mapping.ts'
import type { BuildParts } from './parts.ts'
import { openPeople } from './people.ts'
import { makePrefixRecords } from './prefix-records.ts'
import type { Reading } from './reading.ts'

/** What a process committed and did not live to number waits this long at most. */
const numberEveryMs = 500

/** What has outlived its time goes in small steps, from every process: a step that finds nothing is cheap. */
const sweepEveryMs = 600_000

export interface Writing {
  readonly transactions: StoreTransactions
  readonly codes: CodeParts
  readonly filing: Filing
  readonly people: People
  readonly identifierRules: IdentifierRules
  readonly prefixParts: Omit<PrefixParts, 'transactions'>
  readonly identifiers: Identifiers
  readonly prefixes: Prefixes
  readonly jobs: Jobs
  /** Lets those go first who ask for answers. */
  readonly makeGiveWay: MakeGiveWay
  readonly mapping: Mapping
  readonly clients: ClientRegistry
  readonly clientReader: ClientReader
  readonly clientCache: ClientCache
  readonly keys: KeyDesk
}

/** Everything that writes: one transaction each, numbered after its commit. */
export async function openWriting(
  parts: BuildParts,
  database: Database,
  keys: Keys,
  reading: Reading,
): Promise<Writing> {
  const { config, log, clock, closers } = parts
  const { permissions, names, directory, apply, follower, finder, ringSiblings } = reading
  const sequencer = makeSequencer({
    database,
    hashRow: hashAuditRow,
    onNumbered: () => void follower.look().then(ringSiblings),
    onError: error => log.warn({ err: error }, 'cannot number changes'),
    sleep: clock.sleep,
  })
  closers.add('sequencer', () => sequencer.close())
  const tick = clock.every(numberEveryMs, () => sequencer.nudge())
  closers.add('sequencer tick', () => tick.cancel())
  const sweeping = clock.every(sweepEveryMs, () => void sweepNow(database, log))
  closers.add('retention tick', () => sweeping.cancel())
  // What a process that died had committed and not numbered.
  sequencer.nudge()

  const transactions = makeTransactions({
    database,
    now: () => new Date(clock.now()),
    async follow(announcements) {
      finder.shared?.recent.committed(announcements)
      reading.knownKeys.committed(announcements)
      try {
        await apply(announcements)
      } catch (error) {
        // The write is done, and this process sees it when it can follow changes again.
        log.warn({ err: error }, 'cannot read back what was written')
      }
      sequencer.nudge()
    },
  })
  const wayParts = {
    monotonicMs: () => clock.monotonicMs(),
    nextTurn,
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    answerCount: reading.answerCount,
  }
  const makeWay: MakeGiveWay = busy => makeGiveWay(wayParts, busy)
  const subjectIdByCode = (text: string) => subjectIdOf(directory, names.parse(text, 'code').text)
  const identifierRules = {
    names,
    matchPrefix: (place: Pick<Identifier, 'system' | 'authority'>) => directory.match(place),
    demandAuthority: (caller: Caller, action: WriteAction, place: Place) =>
      permissions.demand(caller, action, place),
    aliasLeads: (alias: Alias, record: Pick<StoredRecord, 'system' | 'prefix'>) =>
      aliasLeads(directory, alias, directory.find(record.system, record.prefix)),
  }
  const prefixParts = {
    parsePrefix,
    subjectIdByCode,
    codeOf: (id: string) => directory.subject(id)?.code,
    printPrefix: printPrefixKey,
    demandOperator: (caller: Caller, action: 'prefix.create' | 'prefix.patch') =>
      permissions.demand(caller, action, {}),
  }
  const clientReader = makeClients(database)
  const clientCache = makeClientCache({ clients: clientReader })
  const clients = makeClientRegistry({
    transactions,
    makeKey: seed => makeApiKey(seed === undefined ? randomBytes : seededBytes(keys, seed)),
    hash: keys.hashApiKey,
    demandOperator: (caller, action) => permissions.demand(caller, action, {}),
    normalize: input => normalizeClient(config, input),
    subjectIdByCode,
    forget: id => clientCache.forget(id),
  })
  const codes: CodeParts = {
    prefix: config.code.prefix,
    get keyVersion() {
      return keys.live.codes.issuing
    },
    encode: (seq, version) => keys.live.codes.encode(seq, version),
  }
  const filing = await openFiling(database, keys, reading, {
    transactions,
    codes,
    clientReader,
    forgetClients: () => clientCache.forgetAll(),
    checkFile: makeFileCheck(),
    prefixRecords: makePrefixRecords(config, reading),
    nodePrefix: config.node.prefix,
    now: () => new Date(clock.now()),
  })
  const people = await openPeople(parts, database, keys, reading, transactions)
  const bootstrapKey = parseApiKey(config.bootstrap.key ?? '')
  if (bootstrapKey !== undefined) await clients.bootstrap(bootstrapKey)
  return {
    transactions,
    codes,
    filing,
    people,
    identifierRules,
    prefixParts,
    identifiers: makeIdentifiers({
      ...identifierRules,
      transactions,
      mayHave: reading.knownKeys.mayHave,
    }),
    prefixes: makePrefixes({ ...prefixParts, transactions }),
    jobs: openJobs(parts, database, keys, reading, {
      transactions,
      identifierRules,
      prefixParts,
      clientReader,
      makeGiveWay: makeWay,
    }),
    makeGiveWay: makeWay,
    mapping: openMapping(parts, database, reading, { transactions, identifierRules }),
    clients,
    clientReader,
    clientCache,
    keys: makeKeyDesk({
      transactions,
      store: keys.store,
      allOf: purpose => keys.rows.findAll(purpose),
      codePrefix: config.code.prefix,
      demandOperator: (caller, action) => permissions.demand(caller, action, {}),
      refresh: () => keys.live.refresh(),
    }),
  }
}

async function sweepNow(database: Database, log: Logger): Promise<void> {
  try {
    await sweep(database)
  } catch (error) {
    log.warn({ err: error }, 'cannot sweep what has outlived its time')
  }
}

function subjectIdOf(directory: PrefixDirectory, code: string): string {
  const subject = directory.subjectByCode(code)
  if (subject !== undefined) return subject.id
  throw invalid('/owner', 'subject.unknown', say('没有此企信码的主体', 'no subject has this code'))
}

/** Bytes that only who holds the pepper can derive: a repeated request is answered with the key it got before. */
function seededBytes({ hashApiKey }: Keys, seed: string): (byteCount: number) => Buffer {
  let drawn = 0
  return byteCount => hashApiKey(`client key|${drawn++}|${seed}`).subarray(0, byteCount)
}

function normalizeClient({ node }: Config, input: ClientInput): NormalClient {
  const { role, prefixes, cidrs, until } = input
  const keys = readClientKeys(input.keys ?? [], '/jwks/keys')
  const certificates = readThumbprints(input.certificates ?? [], '/certificates')
  const { hasApiKey = keys.length + certificates.length === 0 } = input
  if (!hasApiKey && keys.length + certificates.length === 0) {
    const detail = say(
      '凭证须有 API 密钥、公钥或证书之一',
      'a client has an API key, a public key or a certificate',
    )
    throw invalid('/apiKey', 'client.proof', detail)
  }
  demandRoleForClient({ role, cidrs, hasApiKey }, { production: node.mode === 'production' })
  parseCidrs(cidrs, '/cidrs')
  if (until !== null && Number.isNaN(Date.parse(until))) {
    throw invalid('/until', 'instant', say('须为 RFC 3339 时刻', 'until is an RFC 3339 instant'))
  }
  return {
    ...input,
    keys,
    certificates,
    hasApiKey,
    prefixes: prefixes
      .map(parsePrefixKey)
      .map(({ system, prefix }) => printPrefixKey(system, prefix)),
  }
}

/** The prefix the node allots from and the one codes are issued under: hosted here, nobody's but the node's. */
export async function ensureOwnPrefixes(
  { config }: BuildParts,
  { directory }: Reading,
  { prefixes }: Writing,
): Promise<void> {
  for (const prefix of [config.node.prefix, config.code.prefix]) {
    if (directory.find('handle', prefix) !== undefined) continue
    try {
      await prefixes.create({ prefix }, theNode)
    } catch (error) {
      // Another process of this node was faster.
      if (!(error instanceof Failure) || error.code !== 'ALREADY_EXISTS') throw error
    }
  }
}

const theNode: Caller = { id: 'node', role: 'operator', subject: null, prefixes: [] }
