import type { Caller } from '../model/caller.ts'
import { Failure } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import {
  aliasLeads,
  type ComposeParts,
  composeAnswer,
  composeReferral,
  valuesOf,
  wholeSeconds,
} from './answer.ts'
import type { AnswerCache, CachedForm, Entry } from './answer-cache.ts'
import { filterValues, isWhole, type ValueFilter } from './filter.ts'
import { isFresh } from './is-fresh.ts'
import type { ResolverMetrics } from './metrics.ts'
import type { Answer, Directory, Found, Source, Trust, Upstream } from './parts.ts'
import { type Trace, traceTexts } from './trace.ts'
import { makeAskUpstream } from './upstream.ts'
import { visibleValues } from './visibility.ts'

export interface Question {
  readonly identifier: Identifier
  readonly caller: Caller
  readonly filter: ValueFilter
  /** Asks past the caches. */
  readonly fresh?: boolean
  readonly trace?: Trace
  /**
   * Set: what others answer for is asked of them on the asker's behalf. The number of nodes that have passed the question
   * on before us.
   */
  readonly recursionCount?: number | undefined
}

/** An answer for one asker, with what a wire needs to say about it. */
export interface Resolution {
  readonly answer: Answer
  /** Set when this is the whole answer that anyone gets, so that its bytes can be shared. */
  readonly shared: Entry | undefined
  readonly source: Source
  readonly ageSeconds: number
  readonly etag: string
  /** Of an answer from elsewhere. */
  readonly trust?: Trust | undefined
}

export interface ResolverParts extends ComposeParts {
  readonly directory: Directory
  readonly cache: AnswerCache
  /**
   * Finds one key; many asked in one tick travel together.
   * @param fresh the store itself is to be asked, past what processes share
   */
  readonly find: (key: string, fresh: boolean) => Promise<Found | undefined>
  /** False for a text that looks like a code of ours and cannot be one: the store is not asked. */
  readonly mayBeIssued: (identifier: Identifier) => boolean
  /** Whether an asker with a credential sees more of a record than anyone does. */
  readonly seesAll: (caller: Caller, record: StoredRecord, prefix: Prefix) => boolean
  /** Absent: nobody else is ever asked. */
  readonly upstream?: Upstream & {
    /** What others said, apart from what this node says on its own authority. */
    readonly cache: AnswerCache
  }
  readonly encode: (answer: Answer, form: CachedForm) => Buffer
  readonly clock: { now(): number; monotonicMs(): number }
  /** 0…1, as Math.random. */
  readonly random: () => number
  /** The share of its life by which an entry's end is shortened at most, so that entries made together do not expire together. */
  readonly ttlJitter: number
  readonly absentTtlSeconds: number
  readonly staleSecondsMax: number
  readonly metrics: ResolverMetrics
}

export interface Resolver {
  /**
   * The whole public answer from memory where it is fresh: no promise, no copy. The hot path.
   * @returns undefined whenever anything else has to be done
   */
  peek(identifier: Identifier): Resolution | undefined
  /** @throws Failure `IDENTIFIER_UNKNOWN`, `PREFIX_UNKNOWN`, `IDENTIFIER_GONE`, `STORE_AWAY` */
  resolve(question: Question): Promise<Resolution>
  /** The bytes of a shared answer, encoded when first asked for. */
  bytes(entry: Entry, form: CachedForm): Buffer
  /** Forgets what a committed change may have made untrue, loads under way included. */
  forget(keys: readonly string[]): void
  /** Forgets everything: when it is not known what was missed. */
  forgetAll(): void
}

/** A question becomes an answer: name → prefix → memory → store → what this asker may see. */
export function makeResolver(parts: ResolverParts): Resolver {
  const { directory, cache, clock, metrics } = parts
  const load = makeLoader(parts)
  const { upstream } = parts
  const askUpstream = upstream && makeAskUpstream(parts, upstream)

  return {
    peek(identifier) {
      const entry = cache.get(identifier.key)
      if (entry?.answer === undefined) return undefined
      const now = clock.monotonicMs()
      if (!isFresh(entry, directory, directory.match(identifier), now)) return undefined
      metrics.resolved('memory', 'answer')
      return {
        answer: entry.answer,
        shared: entry,
        source: 'memory',
        ageSeconds: Math.floor((now - entry.madeAtMs) / 1000),
        etag: entry.etag,
      }
    },

    async resolve(question) {
      const { identifier, trace } = question
      trace?.('name', traceTexts.name, { system: identifier.system, normal: identifier.text })
      const prefix = directory.match(identifier)
      tellPrefix(trace, prefix)
      if (prefix !== undefined && prefix.state !== 'enabled') throw notEnabled(prefix)
      const isElsewhere =
        prefix === undefined ? !mayBeAlias(identifier) : prefix.served === 'delegated'
      if (isElsewhere && askUpstream !== undefined && mayRecurse(question, prefix)) {
        return askUpstream(question, prefix)
      }
      if (prefix?.served === 'delegated') return refer(parts, identifier, prefix, trace)
      if (isElsewhere) throw unknown(parts, 'memory', prefix)
      if (!parts.mayBeIssued(identifier)) {
        trace?.('policy', traceTexts.codeForged)
        throw unknown(parts, 'memory', prefix)
      }
      const { entry, source, stale } = await findEntry(question, prefix)
      return answerFrom(question, prefix, entry, source, stale)
    },

    bytes(entry, form) {
      const known = entry.bytes.get(form)
      if (known !== undefined) return known
      if (entry.answer === undefined) throw new Error('an absent entry has no bytes')
      const bytes = parts.encode(entry.answer, form)
      entry.bytes.set(form, bytes)
      return bytes
    },

    forget(keys) {
      for (const key of keys) {
        cache.evict(key)
        load.outdate(key)
      }
    },

    forgetAll() {
      cache.clear()
      load.outdateAll()
    },
  }

  /** Where a delegated prefix itself is served is ours to say. */
  function mayRecurse({ identifier, recursionCount }: Question, prefix: Prefix | undefined) {
    if (recursionCount === undefined || upstream === undefined) return false
    if (prefix !== undefined && isQuestionOf(identifier, prefix)) return false
    return upstream.mayAsk(identifier, prefix)
  }

  async function findEntry(
    { identifier, fresh = false, trace }: Question,
    prefix: Prefix | undefined,
  ): Promise<{ entry: Entry; source: Source; stale: boolean }> {
    const cached = cache.get(identifier.key)
    const now = clock.monotonicMs()
    if (cached !== undefined && !fresh && isFresh(cached, directory, prefix, now)) {
      trace?.('memory', traceTexts.memoryHit, { ageSeconds: (now - cached.madeAtMs) / 1000 })
      return { entry: cached, source: 'memory', stale: false }
    }
    if (fresh) trace?.('memory', traceTexts.memoryPassed)
    else trace?.('memory', cached === undefined ? traceTexts.memoryMiss : traceTexts.memoryOutdated)
    try {
      const { entry, source } = await load(identifier, fresh)
      tellLoaded(trace, entry, source)
      return { entry, source, stale: false }
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'STORE_AWAY') throw error
      metrics.storeAway()
      // Looked up again: what a change made untrue while we waited is not there any more.
      const kept = cache.get(identifier.key)
      const mayServeStale =
        kept?.record !== undefined && now - kept.madeAtMs <= parts.staleSecondsMax * 1000
      if (!mayServeStale) throw error
      trace?.('store', traceTexts.storeAway)
      return { entry: kept, source: 'memory', stale: true }
    }
  }

  function answerFrom(
    { identifier, caller, filter, trace }: Question,
    prefix: Prefix | undefined,
    entry: Entry,
    source: Source,
    stale: boolean,
  ): Resolution {
    const { record } = entry
    if (record === undefined && prefix !== undefined && isQuestionOf(identifier, prefix)) {
      const blank = makeEntry(parts, identifier, blankPrefixRecord(identifier, prefix))
      return answerFrom({ identifier, caller, filter, trace }, prefix, blank, source, stale)
    }
    if (record === undefined) throw unknown(parts, source, prefix)
    const own = directory.match(authorityOf(identifier, record))
    if (!leadsTo(directory, identifier, record, own)) {
      trace?.('alias', traceTexts.aliasUnproven, { record: record.identifier })
      throw unknown(parts, source, prefix)
    }
    if (identifier.key !== record.key) {
      trace?.('alias', traceTexts.aliasLed, { record: record.identifier })
    }
    if (record.gone !== null) {
      metrics.resolved(source, 'gone')
      throw new Failure('IDENTIFIER_GONE', undefined, {
        facts: { reason: record.gone.reason, successor: record.successor },
      })
    }
    metrics.resolved(source, 'answer')
    const all = caller.role !== 'anyone' && own !== undefined && parts.seesAll(caller, record, own)
    const isShared = isWhole(filter) && !stale && !all && entry.answer !== undefined
    const ageSeconds = Math.max(0, Math.floor((clock.monotonicMs() - entry.madeAtMs) / 1000))
    trace?.('visibility', traceTexts.visibility, { all })
    if (isShared && entry.answer !== undefined) {
      return { answer: entry.answer, shared: entry, source, ageSeconds, etag: entry.etag }
    }
    const asOf = entry.answer?.asOf ?? wholeSeconds(clock.now())
    const visible = visibleValues(filterValues(valuesOf(parts, record), filter), all)
    const answer = composeAnswer(parts, record, own, visible, asOf)
    return {
      answer: stale ? { ...answer, stale: true } : answer,
      shared: undefined,
      source,
      ageSeconds,
      etag: entry.etag,
    }
  }
}

interface Loaded {
  readonly entry: Entry
  readonly source: 'redis' | 'store'
}

interface Loader {
  (identifier: Identifier, fresh: boolean): Promise<Loaded>
  /** A load under way for this key may have read what was before: nobody new may join it, and it is not kept. */
  outdate(key: string): void
  outdateAll(): void
}

/** One load a key at a time; whoever asks meanwhile waits for the same one. */
function makeLoader(parts: ResolverParts): Loader {
  const { cache, find } = parts
  const flights = new Map<string, Promise<Loaded>>()

  function fly(identifier: Identifier, fresh: boolean): Promise<Loaded> {
    const { key } = identifier
    const underWay = fresh ? undefined : flights.get(key)
    if (underWay !== undefined) return underWay
    const flight = find(key, fresh)
      .then(found => {
        const entry = makeEntry(parts, identifier, found?.record)
        if (flights.get(key) === flight) cache.set(key, entry)
        return { entry, source: found?.source ?? 'store' } as const
      })
      .finally(() => {
        if (flights.get(key) === flight) flights.delete(key)
      })
    flights.set(key, flight)
    return flight
  }

  return Object.assign(fly, {
    outdate: (key: string) => void flights.delete(key),
    outdateAll: () => flights.clear(),
  })
}

function makeEntry(
  parts: ResolverParts,
  identifier: Identifier,
  record: StoredRecord | undefined,
): Entry {
  const { directory, clock } = parts
  const asked = directory.match(identifier)
  const own = record === undefined ? asked : directory.match(authorityOf(identifier, record))
  const isAlias = record !== undefined && record.key !== identifier.key
  const owner = record?.subject ?? own?.owner ?? null
  const madeAtMs = clock.monotonicMs()
  const answer =
    record === undefined || record.gone !== null || !leadsTo(directory, identifier, record, own)
      ? undefined
      : composeAnswer(
          parts,
          record,
          own,
          visibleValues(valuesOf(parts, record), false),
          wholeSeconds(clock.now()),
        )
  const ttlSeconds = answer?.ttlSeconds ?? parts.absentTtlSeconds
  return {
    record,
    answer,
    bytes: new Map(),
    etag: `"${record?.serial ?? 0}.${own?.epoch ?? 0}.${directory.subjectEpoch(owner)}"`,
    prefix: asked?.prefix ?? '',
    prefixEpoch: asked?.epoch ?? 0,
    named: isAlias ? own : undefined,
    owner,
    ownerEpoch: directory.subjectEpoch(owner),
    madeAtMs,
    expiresAtMs: madeAtMs + ttlSeconds * 1000 * (1 - parts.ttlJitter * parts.random()),
  }
}

/** A record's own name leads to it; an alias while it may, and while the record's own name would be answered here. */
function leadsTo(
  directory: Directory,
  identifier: Identifier,
  record: StoredRecord,
  own: Prefix | undefined,
): boolean {
  if (identifier.key === record.key) return true
  const alias = record.aliases.find(({ key }) => key === identifier.key)
  const isOwnAnswered = own?.state === 'enabled' && own.served === 'hosted'
  return alias !== undefined && isOwnAnswered && aliasLeads(directory, alias, own)
}

/** The record's own place in the directory: that of the identifier asked, unless that was an alias. */
function authorityOf(identifier: Identifier, record: StoredRecord) {
  return identifier.key === record.key
    ? identifier
    : { system: record.system, authority: record.prefix }
}

function refer(
  parts: ResolverParts,
  identifier: Identifier,
  prefix: Prefix,
  trace: Trace,
): Resolution {
  trace?.('referral', traceTexts.referral, { sites: prefix.sites.length })
  parts.metrics.resolved('memory', 'referral')
  const isBelow = isPrefixQuestion(identifier) && identifier.authority !== prefix.prefix
  const answer = composeReferral(
    parts,
    identifier,
    prefix,
    isBelow ? 'prefix' : 'service',
    wholeSeconds(parts.clock.now()),
  )
  return {
    answer,
    shared: undefined,
    source: 'memory',
    ageSeconds: 0,
    etag: `"0.${prefix.epoch}.${parts.directory.subjectEpoch(prefix.owner)}"`,
  }
}

function unknown(parts: ResolverParts, source: Source, prefix: Prefix | undefined): Failure {
  parts.metrics.resolved(source, 'unknown')
  return new Failure(prefix === undefined ? 'PREFIX_UNKNOWN' : 'IDENTIFIER_UNKNOWN')
}

function notEnabled(prefix: Prefix): Failure {
  return new Failure(
    'PREFIX_UNKNOWN',
    say(`前缀 ${prefix.prefix} 尚未启用`, `the prefix ${prefix.prefix} is not enabled`),
  )
}

function tellLoaded(trace: Trace, { record }: Entry, source: Loaded['source']): void {
  if (source === 'redis') trace?.('redis', traceTexts.redisFound)
  else trace?.('store', record === undefined ? traceTexts.storeMissing : traceTexts.storeFound)
}

function tellPrefix(trace: Trace, prefix: Prefix | undefined): void {
  if (prefix === undefined) trace?.('prefix', traceTexts.prefixMissing)
  else {
    trace?.('prefix', traceTexts.prefixFound, {
      system: prefix.system,
      prefix: prefix.prefix,
      state: prefix.state,
      served: prefix.served,
      epoch: prefix.epoch,
    })
  }
}

/** Other systems' names may be aliases of records of ours, whoever holds their prefix. */
function mayBeAlias({ system }: Identifier): boolean {
  return system !== 'handle' && system !== 'code'
}

/** A bare prefix is a question of its own: `0.NA/<prefix>`. */
function isPrefixQuestion({ key }: Identifier): boolean {
  return key.startsWith('0.na/')
}

/** Whether it is this prefix itself that is asked for, and not one below it. */
function isQuestionOf(identifier: Identifier, { prefix }: Prefix): boolean {
  return isPrefixQuestion(identifier) && identifier.authority === prefix
}

/** A prefix that nobody has written a record for is known all the same. */
function blankPrefixRecord(identifier: Identifier, prefix: Prefix): StoredRecord {
  return {
    key: identifier.key,
    identifier: identifier.text,
    system: identifier.system,
    prefix: prefix.prefix,
    kind: 'prefix',
    values: [],
    aliases: [],
    subject: null,
    submitter: '',
    basis: 'authority',
    serial: 0,
    updatedAt: '1970-01-01T00:00:00.000Z',
    successor: null,
    gone: null,
  }
}
