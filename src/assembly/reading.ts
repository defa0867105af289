import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { makeHasAuthority } from '../access/authority.ts'
import { makePermissions, type Permissions } from '../access/permissions.ts'
import type { PrefixDirectory } from '../mapping/directory.ts'
import { isUnder } from '../mapping/prefix-walk.ts'
import { makeRuleBook, type RuleBook } from '../mapping/rule-match.ts'
import { makeNames, type Names } from '../mapping/schemes/index.ts'
import { Failure } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import { encodeAnswerValues } from '../protocols/handle/answer-values.ts'
import { encodeAnswerJson } from '../protocols/http/answer-json.ts'
import { type AnswerProtobuf, openAnswerProtobuf } from '../protocols/http/answer-protobuf.ts'
import { encodeRestValues } from '../protocols/http/handle-rest/value-json.ts'
import { type ChangeFeed, makeChangeFeed } from '../registry/change-feed.ts'
import { AnswerArena, type AnswerMemory } from '../resolver/answer-arena.ts'
import { makeAnswerCache } from '../resolver/answer-cache.ts'
import {
  type ChangeFollower,
  type Followed,
  makeApply,
  makeChangeFollower,
} from '../resolver/follow-changes.ts'
import { gather } from '../resolver/gather.ts'
import { makeResolverMetrics } from '../resolver/metrics.ts'
import type { FormerHolder, Upstream } from '../resolver/parts.ts'
import { recallChanges } from '../resolver/recent-changes.ts'
import { makeResolver, type Resolver, type ResolverParts } from '../resolver/resolve.ts'
import { type ChangeReader, makeChangeReader } from '../storage/postgres/changes.ts'
import type { Database } from '../storage/postgres/database.ts'
import { readDirectory, readDirectoryRows } from '../storage/postgres/directory.ts'
import { makeHoldingReader } from '../storage/postgres/holdings.ts'
import { readRuledPrefixes, readRulesOf } from '../storage/postgres/mapping-rules.ts'
import { makeRecords, type RecordReader } from '../storage/postgres/records.ts'
import { changesChannel } from '../storage/postgres/sequencer.ts'
import { makeSiteBoard, type SiteBoard } from './handle-door.ts'
import type { Keys } from './keys.ts'
import { type OpenKnownKeys, openKnownKeys } from './known-keys.ts'
import { LiveDirectory } from './live-directory.ts'
import type { BuildParts } from './parts.ts'
import { openFinder, type RecordFinder } from './redis.ts'
import { openUpstream } from './upstream.ts'

/** Gathering misses: a batch is one query, and a few under way leave most of a pool of ten to writers. */
const gatherBounds = { keysMax: 256, batchesMax: 4, waitingMax: 10_000 }
/** What others said, apart from our own answers: a node of the middle tier asks on behalf of few. */
const upstreamCacheBounds = { entriesMax: 20_000, bytesMax: 32 * 1024 * 1024, absentMax: 5_000 }
/** Bells may be lost; this is how long that can go unnoticed. */
const followEveryMs = 250

export interface Reading {
  readonly permissions: Permissions
  readonly names: Names
  readonly directory: PrefixDirectory
  /** The rules by which identifiers lead to records that do not name them. */
  readonly ruleBook: RuleBook
  /** Whether a text of the form of our codes cannot be one. */
  readonly isForged: (identifier: Identifier) => boolean
  readonly protobuf: AnswerProtobuf
  readonly siteBoard: SiteBoard
  readonly records: RecordReader
  readonly feed: ChangeFeed
  readonly resolver: Resolver
  /** Answers this process has given, from wherever. */
  readonly answerCount: () => number
  /** Other nodes, asked past what this one remembers of them. */
  readonly upstream: Upstream
  /** What the resolver has in memory, as bytes for the fastest doors. */
  readonly answerMemory: AnswerMemory
  readonly apply: (changes: readonly Followed[]) => Promise<void>
  readonly follower: ChangeFollower
  readonly finder: RecordFinder
  readonly knownKeys: OpenKnownKeys
  /** Tells other processes, where Redis can, that there are changes to read. */
  readonly ringSiblings: () => void
}

/** Everything that answers: it follows changes and asks the store, and knows nothing of who writes. */
export async function openReading(
  parts: BuildParts,
  database: Database,
  keys: Keys,
): Promise<Reading> {
  const { config, log, clock, closers, metrics, packageFolder, publicUrl } = parts
  const permissions = makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) })
  const ownCodes = `${config.code.prefix}/`
  const seed = randomBytes(4).readInt32LE()
  const directory = new LiveDirectory(config.node.prefix, seed, code => {
    const symbols = code.slice(ownCodes.length)
    return code.startsWith(ownCodes) && keys.live.codes.verdict(symbols) === 'unknownVersion'
  })
  const names = makeNames({ codePrefix: config.code.prefix })
  const ruleBook = makeRuleBook({
    match: identifier => directory.match(identifier),
    find: (system, prefix) => directory.find(system, prefix),
    parseIdentifier: (text, system) => names.parse(text, system),
  })
  const records = makeRecords(database)
  const changeRows = makeChangeReader(database)
  const feed = makeChangeFeed(changeRows)
  const protobuf = openAnswerProtobuf(join(packageFolder, 'proto'))
  const finder = await openFinder(
    parts,
    keys,
    gather(asked => records.find(asked), gatherBounds),
  )
  const cache = makeAnswerCache({
    entriesMax: config.cache.entriesMax,
    bytesMax: config.cache.bytesMax,
    absentMax: config.cache.negativeEntriesMax,
  })
  const verdictOn = (identifier: Identifier) =>
    identifier.system === 'code' ? keys.live.codes.verdict(symbolsOf(identifier)) : 'genuine'
  const siteBoard = makeSiteBoard()
  const encoders = {
    json: encodeAnswerJson,
    protobuf: protobuf.encode,
    handle: encodeAnswerValues,
    rest: encodeRestValues,
  }
  const upstream = openUpstream(parts)
  const answerArena = openAnswerArena(parts)
  const resolverMetrics = makeResolverMetrics(metrics, () => cache.count)
  let followed: ChangeFollower | undefined
  const knownKeys = openKnownKeys(parts, database, () => followed)
  const resolver = withArena(answerArena, {
    directory,
    cache,
    upstream: { ...upstream, cache: makeAnswerCache(upstreamCacheBounds) },
    find: finder.find,
    mayHave: knownKeys.mayHave,
    mayBeIssued: identifier => verdictOn(identifier) === 'genuine',
    seesAll: (caller, { system, subject }, prefix) =>
      permissions.may(caller, 'identifier.read', {
        system,
        authority: prefix.prefix,
        prefix,
        subject,
      }),
    encode: (answer, form) => encoders[form](answer),
    prefixValues: (written, updatedAt) => siteBoard.values(written, updatedAt),
    rewrite: identifier => ruleBook.rewrite(identifier),
    formerHolders: makeFormerHolders(database, directory),
    clock,
    random: Math.random,
    publicUrl,
    codePrefix: config.code.prefix,
    answerTtlSeconds: config.cache.ttlSeconds,
    ttlJitter: config.cache.ttlJitterPercent / 100,
    absentTtlSeconds: config.cache.negativeTtlSeconds,
    staleSecondsMax: config.cache.staleSecondsMax,
    metrics: resolverMetrics,
  })
  keys.live.onCodesChanged(() => resolver.forgetAll())
  const apply = makeApply({
    async refreshDirectory(rows) {
      const content = await readDirectoryRows(database, rows.prefixes, rows.subjects)
      // Never older than the epochs that outdate what was answered by former ones.
      ruleBook.learn(await readRulesOf(database, rows.prefixes))
      directory.learn(content)
      answerArena.forgetAll()
    },
    forget(gone) {
      // First, so that nobody who asks anew is told that there is nothing.
      knownKeys.add(gone)
      resolver.forget(gone)
    },
  })
  const follower = await makeChangeFollower({
    feed: finder.shared?.recent.watch(changeRows) ?? changeRows,
    apply,
    async startOver() {
      knownKeys.startOver()
      const content = await readDirectory(database)
      const ruled = [...(await readRuledPrefixes(database)), ...ruleBook.prefixes()]
      ruleBook.learn(await readRulesOf(database, ruled))
      directory.learn(content)
      resolver.forgetAll()
    },
    onSeen(seq) {
      finder.shared?.recent.reached(seq)
      feed.ring(seq)
    },
    onError: error => log.warn({ err: error }, 'cannot follow changes'),
    clock,
  })
  followed = follower
  const ringSiblings = followByRedis(parts, finder, changeRows, follower)
  const stopListening = await database.listen(changesChannel, payload => {
    // Without a number: the connection was lost.
    void (payload === '' ? follower.doubt() : follower.look())
  })
  closers.add('change bell', stopListening)
  const tick = clock.every(followEveryMs, () => void follower.look())
  closers.add('change tick', () => tick.cancel())
  return {
    permissions,
    names,
    directory,
    ruleBook,
    isForged: identifier => verdictOn(identifier) === 'forged',
    protobuf,
    siteBoard,
    upstream,
    records,
    feed,
    resolver,
    answerCount: () => resolverMetrics.resolvedCount,
    answerMemory: {
      arena: answerArena,
      onHit: count => resolverMetrics.resolved('memory', 'answer', count),
    },
    apply,
    follower,
    finder,
    knownKeys,
    ringSiblings,
  }
}

/** Who held a prefix before, as far as its story is kept. A trace goes without where the store is away. */
function makeFormerHolders(database: Database, directory: PrefixDirectory) {
  const { history } = makeHoldingReader(database)
  return async ({ system, prefix }: Prefix): Promise<FormerHolder[]> => {
    try {
      const tenures = await history(system, prefix)
      return tenures.flatMap(({ subject, endedAt }) =>
        endedAt === null
          ? []
          : [{ code: directory.subject(subject)?.code ?? null, until: endedAt.toISOString() }],
      )
    } catch (error) {
      if (error instanceof Failure && error.code === 'STORE_AWAY') return []
      throw error
    }
  }
}

/** The resolver, whose answers are also kept as bytes: what it forgets is forgotten there too. */
function withArena(arena: AnswerArena, parts: ResolverParts): Resolver {
  const resolver = makeResolver(parts)
  return {
    ...resolver,
    forget(keys) {
      resolver.forget(keys)
      arena.forget(keys)
    },
    forgetAll() {
      resolver.forgetAll()
      arena.forgetAll()
    },
  }
}

function openAnswerArena({ config }: BuildParts): AnswerArena {
  const { bytesMax, entriesMax } = config.fast
  return new AnswerArena({ bytesMax, entriesMax }, () => randomBytes(4).readUInt32LE())
}

/** What Redis adds to following changes: a bell, and the past by which its copies are judged. */
function followByRedis(
  { closers, log }: BuildParts,
  { shared }: RecordFinder,
  changeRows: ChangeReader,
  follower: ChangeFollower,
): () => void {
  if (shared === undefined) return () => undefined
  const { recent, redis } = shared
  recent.reached(follower.seen)
  recallChanges(changeRows, recent).catch(error =>
    log.warn({ err: error }, 'cannot recall changes; copies in Redis are used from now on only'),
  )
  const bell = redis.openBell(seq => {
    if (seq === undefined || seq > follower.seen) void follower.look()
  })
  closers.add('redis bell', () => bell.close())
  return () => bell.ring(follower.seen)
}

/** The 14 symbols of a code. */
function symbolsOf({ text }: Identifier): string {
  return text.slice(text.indexOf('/') + 1)
}
