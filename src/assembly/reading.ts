import { join } from 'node:path'
import { makeHasAuthority } from '../access/authority.ts'
import { makePermissions, type Permissions } from '../access/permissions.ts'
import { PrefixDirectory } from '../mapping/directory.ts'
import { isUnder } from '../mapping/prefix-walk.ts'
import { makeNames, type Names } from '../mapping/schemes/index.ts'
import type { Identifier } from '../model/identifier.ts'
import { encodeAnswerValues } from '../protocols/handle/answer-values.ts'
import { encodeAnswerJson } from '../protocols/http/answer-json.ts'
import { type AnswerProtobuf, openAnswerProtobuf } from '../protocols/http/answer-protobuf.ts'
import { type ChangeFeed, makeChangeFeed } from '../registry/change-feed.ts'
import { makeAnswerCache } from '../resolver/answer-cache.ts'
import {
  type ChangeFollower,
  type Followed,
  makeApply,
  makeChangeFollower,
} from '../resolver/follow-changes.ts'
import { gather } from '../resolver/gather.ts'
import { makeResolverMetrics } from '../resolver/metrics.ts'
import { recallChanges } from '../resolver/recent-changes.ts'
import { makeResolver, type Resolver } from '../resolver/resolve.ts'
import { type ChangeReader, makeChangeReader } from '../storage/postgres/changes.ts'
import type { Database } from '../storage/postgres/database.ts'
import { readDirectory, readDirectoryRows } from '../storage/postgres/directory.ts'
import { makeRecords, type RecordReader } from '../storage/postgres/records.ts'
import { changesChannel } from '../storage/postgres/sequencer.ts'
import { makeSiteBoard, type SiteBoard } from './handle-door.ts'
import type { Keys } from './keys.ts'
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
  /** Whether a text of the form of our codes cannot be one. */
  readonly isForged: (identifier: Identifier) => boolean
  readonly protobuf: AnswerProtobuf
  readonly siteBoard: SiteBoard
  readonly records: RecordReader
  readonly feed: ChangeFeed
  readonly resolver: Resolver
  readonly apply: (changes: readonly Followed[]) => Promise<void>
  readonly follower: ChangeFollower
  readonly finder: RecordFinder
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
  const directory = new PrefixDirectory(config.node.prefix)
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
    identifier.system === 'code' ? keys.codes.verdict(symbolsOf(identifier)) : 'genuine'
  const siteBoard = makeSiteBoard()
  const encoders = {
    json: encodeAnswerJson,
    protobuf: protobuf.encode,
    handle: encodeAnswerValues,
  }
  const resolver = makeResolver({
    directory,
    cache,
    upstream: { ...openUpstream(parts), cache: makeAnswerCache(upstreamCacheBounds) },
    find: finder.find,
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
    clock,
    random: Math.random,
    publicUrl,
    codePrefix: config.code.prefix,
    answerTtlSeconds: config.cache.ttlSeconds,
    ttlJitter: config.cache.ttlJitterPercent / 100,
    absentTtlSeconds: config.cache.negativeTtlSeconds,
    staleSecondsMax: config.cache.staleSecondsMax,
    metrics: makeResolverMetrics(metrics, () => cache.count),
  })
  const apply = makeApply({
    refreshDirectory: async rows =>
      directory.learn(await readDirectoryRows(database, rows.prefixes, rows.subjects)),
    forget: gone => resolver.forget(gone),
  })
  const follower = await makeChangeFollower({
    feed: finder.recent.watch(changeRows),
    apply,
    async startOver() {
      directory.learn(await readDirectory(database))
      resolver.forgetAll()
    },
    onSeen(seq) {
      finder.recent.reached(seq)
      feed.ring(seq)
    },
    onError: error => log.warn({ err: error }, 'cannot follow changes'),
  })
  const ringSiblings = followByRedis(parts, finder, changeRows, follower)
  const stopListening = await database.listen(changesChannel, () => void follower.look())
  closers.add('change bell', stopListening)
  const tick = clock.every(followEveryMs, () => void follower.look())
  closers.add('change tick', () => tick.cancel())
  return {
    permissions,
    names: makeNames({ codePrefix: config.code.prefix }),
    directory,
    isForged: identifier => verdictOn(identifier) === 'forged',
    protobuf,
    siteBoard,
    records,
    feed,
    resolver,
    apply,
    follower,
    finder,
    ringSiblings,
  }
}

/** What Redis adds to following changes: a bell, and the past by which its copies are judged. */
function followByRedis(
  { closers, log }: BuildParts,
  { redis, recent }: RecordFinder,
  changeRows: ChangeReader,
  follower: ChangeFollower,
): () => void {
  recent.reached(follower.seen)
  if (redis === undefined) return () => undefined
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
