import { randomBytes, randomUUID } from 'node:crypto'
import { makeSealing } from '../crypto/sealing.ts'
import { printPrefixKey } from '../mapping/prefix-key.ts'
import { isUnder, parsePrefix } from '../mapping/prefix-walk.ts'
import { Failure } from '../model/failures.ts'
import { say } from '../model/text.ts'
import type { ImportsDesk } from '../protocols/http/parts.ts'
import { makeReadRecord } from '../protocols/http/record-shape.ts'
import { makeImportDesk } from '../registry/imports/desk.ts'
import { forgetOutlived } from '../registry/imports/forget.ts'
import { makeGrants } from '../registry/imports/grants.ts'
import { importerOf } from '../registry/imports/importer.ts'
import { measureImports } from '../registry/imports/metrics.ts'
import type { ImportInbox, PullFeed, ReceivedBatch } from '../registry/imports/parts.ts'
import { followFeed, pullNow } from '../registry/imports/pull.ts'
import { makeInbox } from '../registry/imports/receive.ts'
import { type ImportLeases, workOnce } from '../registry/imports/work.ts'
import { applicationReads } from '../storage/postgres/applications.ts'
import type { Database } from '../storage/postgres/database.ts'
import {
  makeClaimNonce,
  makeImportLeases,
  makeImportLists,
  makePieceRows,
} from '../storage/postgres/import-store.ts'
import { importReads } from '../storage/postgres/imports.ts'
import { makeStagedRows } from '../storage/postgres/staging.ts'
import type { ImportWire } from './import-wire.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'
import type { LiveConfig } from './reload.ts'
import type { Writing } from './writing.ts'

/** What the top-level node brings, and what people do with it. */
export interface Imports extends ImportsDesk {
  readonly inbox: ImportInbox
}

/** A batch waits so long at most for a process that does not know of it yet. */
const lookEveryMs = 1_000
/** Beyond it, somebody should ask the top-level node what became of the batch that is missing. */
const gapAlarmMs = 600_000
const alarmEveryMs = 60_000
const forgetEveryMs = 600_000

export async function openImports(
  parts: BuildParts & { readonly live: LiveConfig },
  database: Database,
  keys: Pick<Keys, 'store'>,
  reading: Reading,
  writing: Writing,
  wire: ImportWire,
): Promise<Imports> {
  const { config, clock, closers, live, log, metrics } = parts
  const { permissions, names, directory } = reading
  const now = () => new Date(clock.now())
  const lists = makeImportLists(database)
  const leases = makeImportLeases(database)
  const worker = randomUUID()
  let nudge: () => void = () => undefined
  const { key: dek } = await keys.store.getOrMake('dek', 'imports', 'sealing')
  const subjectKeys = writing.filing.subjectKeys
  const shared = {
    ...writing.prefixParts,
    ...writing.identifierRules,
    transactions: writing.transactions,
    reads: importReads(database),
    lists,
    filings: applicationReads(database),
    pieces: makePieceRows(database, now),
    sealing: makeSealing({ dek, profile: 'gm', random: randomBytes }),
    staged: makeStagedRows(database),
    keysOf: subjectKeys.of,
    makeFirstKeys: subjectKeys.makeFirst,
    usccIndex: writing.filing.usccIndex,
    codes: writing.codes,
    findPrefix: directory.find.bind(directory),
    findHandlePrefix: (prefix: string) => directory.find('handle', prefix),
    parseHandlePrefix: (text: string) => parsePrefix('handle', text),
    isNodes: (prefix: string) => isOwn(config.node.prefix, config.code.prefix, prefix),
    subjectById: (id: string) => directory.subject(id),
    printPrefix: printPrefixKey,
    names,
    readRecord: makeReadRecord(),
    issueCodes: live.follow(({ import: { issueCodes } }) => issueCodes),
    demand: permissions.demand,
    makeGiveWay: writing.makeGiveWay,
    engine: database.engine,
    claimNonce: makeClaimNonce(database),
    now,
    nudge: () => nudge(),
  }
  const inbox = makeInbox(shared)
  const feed = wire.bundles?.feed
  const pullFeed = feed && startPull(parts, feed, { inbox, leases, worker })
  const imports: Imports = {
    inbox,
    grants: makeGrants({ ...shared, verify: wire.verifyGrant }),
    desk: makeImportDesk(shared),
    async pull(caller) {
      permissions.demand(caller, 'import.pull', {})
      if (pullFeed === undefined) throw noFeed()
      return { received: await pullFeed() }
    },
  }
  measureImports(metrics, lists, () => clock.now())
  nudge = startWork(parts, {
    ...shared,
    leases,
    worker,
    isAuto: live.follow(({ import: { release } }) => release === 'auto'),
    onFailed: (error, { source, seq }) =>
      log.warn({ err: error, source, seq }, 'cannot go on with a batch of the top-level node'),
  })
  watchGaps(parts, lists)
  const forgetting = clock.every(forgetEveryMs, () => {
    forgetOutlived({ ...shared, now }).catch(error =>
      log.warn({ err: error }, 'cannot forget what old imports left'),
    )
  })
  closers.add('forgetting of imports', () => forgetting.cancel())
  return imports
}

/** The node's own prefix, what lies above it, and where codes are issued. */
function isOwn(nodePrefix: string, codePrefix: string, prefix: string): boolean {
  return (
    isUnder('handle', nodePrefix, prefix) ||
    isUnder('handle', codePrefix, prefix) ||
    isUnder('handle', prefix, codePrefix)
  )
}

/** Works whenever it is nudged and now and then, on one batch after the other. @returns what nudges it */
function startWork(
  { clock, closers, log }: BuildParts,
  work: Parameters<typeof workOnce>[0],
): () => void {
  let isClosed = false
  let isNudged = false
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (isNudged && !isClosed) {
      isNudged = false
      try {
        if (await workOnce(work)) isNudged = true
      } catch (error) {
        if (!isClosed) log.warn({ err: error }, 'cannot look for batches of the top-level node')
      }
    }
  }

  function nudge(): void {
    isNudged = true
    running ??= run().finally(() => {
      running = undefined
    })
  }

  const looking = clock.every(lookEveryMs, nudge)
  closers.add('imports', async () => {
    isClosed = true
    looking.cancel()
    await running
  })
  return nudge
}

function watchGaps(
  { clock, closers, log }: BuildParts,
  lists: Pick<ReturnType<typeof makeImportLists>, 'sources'>,
): void {
  async function look(): Promise<void> {
    for (const { source, seq, gapSince } of await lists.sources()) {
      if (gapSince === null || clock.now() - gapSince.getTime() < gapAlarmMs) continue
      log.error(
        { source, missing: seq + 1, since: gapSince },
        'a batch of the top-level node is missing, and those after it wait: ask the top-level node to send it again',
      )
    }
  }
  const watching = clock.every(alarmEveryMs, () => {
    look().catch(error => log.warn({ err: error }, 'cannot look for missing batches'))
  })
  closers.add('import alarms', () => watching.cancel())
}

/** @returns what asks the feed at once */
function startPull(
  { clock, closers, log }: BuildParts,
  feed: PullFeed,
  {
    inbox,
    leases,
    worker,
  }: {
    readonly inbox: ImportInbox
    readonly leases: ImportLeases
    readonly worker: string
  },
): () => Promise<number> {
  const ending = new AbortController()
  const caller = importerOf(feed.source)
  /** The inbox puts on record what it refuses. */
  let refusedByInbox: unknown
  const pull = {
    feed,
    leases,
    lastOf: async (source: string) => (await inbox.headOf(source)).seq,
    async receive(batch: ReceivedBatch) {
      await inbox.receive(batch, caller).catch(error => {
        refusedByInbox = error
        throw error
      })
    },
    clock,
  }
  const pulling = followFeed(
    {
      ...pull,
      worker,
      random: Math.random,
      onFailed(error) {
        log.warn({ err: error, source: feed.source }, 'cannot fetch from the top-level node')
        if (error === refusedByInbox) return
        if (!(error instanceof Failure) || error.code === 'UPSTREAM_AWAY') return
        const rule = error.errors[0]?.rule ?? error.code
        inbox.refused({ rule, source: feed.source }, caller).catch((cause: unknown) => {
          log.warn({ err: cause }, 'cannot put a refused batch on record')
        })
      },
    },
    ending.signal,
  )
  closers.add('import feed', async () => {
    ending.abort()
    await pulling
  })
  return () => pullNow(pull, ending.signal)
}

function noFeed(): Failure {
  const detail = say(
    '未配置批次源（import.feedUrl）',
    'no feed of the top-level node is configured (import.feedUrl)',
  )
  return new Failure('STATE_CONFLICT', detail)
}
