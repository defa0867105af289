import type { Rewriting } from '../mapping/rule-match.ts'
import { levelOf, levelsAbove } from '../mapping/schemes/gs1-levels.ts'
import type { Caller } from '../model/caller.ts'
import { Failure, isUnknown, type UnknownCode } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import { type ComposeParts, composeAnswer, valuesOf, wholeSeconds } from './answer.ts'
import type { AnswerCache, CachedForm, Entry } from './answer-cache.ts'
import { absentEntry, authorityOf, blankPrefixRecord, leadsTo, makeEntry } from './entry.ts'
import { filterValues, isWhole, type ValueFilter } from './filter.ts'
import { isFresh } from './is-fresh.ts'
import type { LifeParts } from './life.ts'
import { makeLoader } from './load.ts'
import type { ResolverMetrics } from './metrics.ts'
import type { Answer, Directory, FormerHolder, Found, Source, Trust, Upstream } from './parts.ts'
import { isQuestionOf, refer } from './refer.ts'
import { makeRefreshAhead } from './refresh-ahead.ts'
import { tellAlias, tellLoaded, tellPrefix } from './tell.ts'
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

/** The whole answer that anyone gets, from memory. */
export interface Peeked extends Resolution {
  readonly shared: Entry
  /**
   * Who keeps the answer's bytes asks again from this moment on (monotonic milliseconds): before the answer's end, where
   * that is still to come, so that it is known that the name is asked for.
   */
  readonly copyUntilMs: number
}

export interface ResolverParts extends ComposeParts, LifeParts {
  readonly directory: Directory
  readonly cache: AnswerCache
  /**
   * Finds one key; many asked in one tick travel together.
   * @param fresh the store itself is to be asked, past what processes share
   */
  readonly find: (key: string, fresh: boolean) => Promise<Found | undefined>
  /** False only where neither a record nor an alias has the key: the store is not asked. @see KnownKeys */
  readonly mayHave?: (key: string) => boolean
  /** False for a text that looks like a code of ours and cannot be one: the store is not asked. */
  readonly mayBeIssued: (identifier: Identifier) => boolean
  /** Whether an asker with a credential sees more of a record than anyone does. */
  readonly seesAll: (caller: Caller, record: StoredRecord, prefix: Prefix) => boolean
  /** Absent: nobody else is ever asked. */
  readonly upstream?: Upstream & {
    /** What others said, apart from what this node says on its own authority. */
    readonly cache: AnswerCache
  }
  /** Where a rule leads from an identifier that no record and no alias has. Absent: there are no rules. */
  readonly rewrite?: (identifier: Identifier) => Rewriting | undefined
  /** Who has held a prefix before, the latest first; told by a trace. Never rejects. */
  readonly formerHolders?: (prefix: Prefix) => Promise<readonly FormerHolder[]>
  readonly encode: (answer: Answer, form: CachedForm) => Buffer
  readonly clock: { now(): number; monotonicMs(): number }
  readonly absentTtlSeconds: number
  readonly staleSecondsMax: number
  readonly metrics: ResolverMetrics
}

/** What memory or the store has for a key. */
interface Kept {
  readonly entry: Entry
  readonly source: Source
  readonly stale: boolean
}

export interface Resolver {
  /**
   * The whole public answer from memory where it is fresh: no promise, no copy. The hot path.
   * @returns undefined whenever anything else has to be done
   */
  peek(identifier: Identifier): Peeked | undefined
  /**
   * Whether memory alone tells that anyone is refused, and how: as {@link Resolver.resolve} would throw it, without more.
   * @returns undefined whenever anything else has to be done, such as looking up what a rule or a wider level makes of it
   */
  peekUnknown(identifier: Identifier): UnknownCode | undefined
  /** @throws Failure `IDENTIFIER_UNKNOWN`, `PREFIX_UNKNOWN`, `IDENTIFIER_GONE`, `STORE_AWAY` */
  resolve(question: Question): Promise<Resolution>
  /** The bytes of a shared answer, encoded when first asked for. */
  bytes(entry: Entry, form: CachedForm): Buffer
  /** Forgets what a committed change may have made untrue, loads under way included. */
  forget(keys: readonly string[]): void
  /** Forgets everything: when it is not known what was missed. */
  forgetAll(): void
}

/**
 * A question becomes an answer: name → prefix → memory → store → rule → what it is one of → what this asker may see.
 */
export function makeResolver(parts: ResolverParts): Resolver {
  const { directory, cache, clock, metrics } = parts
  const load = makeLoader(parts)
  const refreshAhead = makeRefreshAhead({ load, metrics })
  const { upstream } = parts
  const askUpstream = upstream && makeAskUpstream(parts, upstream)

  return {
    peek(identifier) {
      const entry = cache.get(identifier.key)
      if (entry?.answer === undefined) return undefined
      const now = clock.monotonicMs()
      if (!isFresh(entry, directory, directory.match(identifier), now)) return undefined
      metrics.resolved('memory', 'answer')
      refreshAhead(identifier, entry, now)
      return {
        answer: entry.answer,
        shared: entry,
        source: 'memory',
        ageSeconds: Math.floor((now - entry.madeAtMs) / 1000),
        etag: entry.etag,
        copyUntilMs: now < entry.refreshAtMs ? entry.refreshAtMs : entry.expiresAtMs,
      }
    },

    peekUnknown(identifier) {
      const prefix = directory.match(identifier)
      if (!isSurelyUnknown(identifier, prefix)) return undefined
      metrics.resolved('memory', 'unknown')
      return unknownCode(prefix)
    },

    async resolve(question) {
      const { identifier, trace } = question
      trace?.('name', traceTexts.name, { system: identifier.system, normal: identifier.text })
      return route(question, answerHere)
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

  /** As `route` and `answerHere` would find, one after the other, for who does not ask us to ask others. */
  function isSurelyUnknown(identifier: Identifier, prefix: Prefix | undefined): boolean {
    if (prefix !== undefined && (prefix.state !== 'enabled' || prefix.served === 'delegated')) {
      return false
    }
    if (prefix === undefined && !mayBeAlias(identifier)) return true
    if (!parts.mayBeIssued(identifier)) return true
    if (prefix !== undefined && isQuestionOf(identifier, prefix)) return false
    return (
      isSurelyAbsent(identifier, prefix) &&
      parts.rewrite?.(identifier) === undefined &&
      levelsAbove(identifier).length === 0
    )
  }

  function isSurelyAbsent(identifier: Identifier, prefix: Prefix | undefined): boolean {
    if (parts.mayHave?.(identifier.key) === false) return true
    const entry = cache.get(identifier.key)
    if (entry === undefined || entry.record !== undefined) return false
    return isFresh(entry, directory, prefix, clock.monotonicMs())
  }

  /**
   * Who answers: others, nobody, or this node.
   * @param answer as this node does
   */
  async function route<Result>(
    question: Question,
    answer: (question: Question, prefix: Prefix | undefined) => Promise<Result>,
  ): Promise<Resolution | Result> {
    const { identifier, trace } = question
    const prefix = directory.match(identifier)
    if (trace !== undefined) await tellPrefix(parts, trace, identifier, prefix)
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
    return answer(question, prefix)
  }

  /** Where a delegated prefix itself is served is ours to say. */
  function mayRecurse({ identifier, recursionCount }: Question, prefix: Prefix | undefined) {
    if (recursionCount === undefined || upstream === undefined) return false
    if (prefix !== undefined && isQuestionOf(identifier, prefix)) return false
    return upstream.mayAsk(identifier, prefix)
  }

  async function answerHere(question: Question, prefix: Prefix | undefined): Promise<Resolution> {
    const kept = await findEntry(question, prefix)
    const resolution =
      answerFrom(question, prefix, kept) ??
      (await answerByRule(question)) ??
      (await answerByLevel(question, prefix))
    if (resolution === undefined) throw unknown(parts, kept.source, prefix)
    return resolution
  }

  /** A rule is followed once, and leads only to what its prefix's holder has: no chain of them can loop. */
  async function answerByRule(question: Question): Promise<Resolution | undefined> {
    const rewriting = parts.rewrite?.(question.identifier)
    if (rewriting === undefined) return undefined
    const { identifier, rule } = rewriting
    const facts = { rule: rule.id, kind: rule.content.kind, to: identifier.text }
    question.trace?.('rule', traceTexts.rule, facts)
    try {
      return await route({ ...question, identifier }, async (ruled, prefix) =>
        answerFrom(ruled, prefix, await findEntry(ruled, prefix)),
      )
    } catch (error) {
      if (isUnknown(error)) return undefined
      throw error
    }
  }

  /** What has no record of its own is answered with that of the batch or class it is one of. */
  async function answerByLevel(
    question: Question,
    prefix: Prefix | undefined,
  ): Promise<Resolution | undefined> {
    for (const level of levelsAbove(question.identifier)) {
      const asked = { ...question, identifier: level }
      question.trace?.('level', traceTexts.level, { level: levelOf(level), asked: level.text })
      const resolution =
        answerFrom(asked, prefix, await findEntry(asked, prefix)) ?? (await answerByRule(asked))
      if (resolution !== undefined) return resolution
    }
    return undefined
  }

  async function findEntry(
    { identifier, fresh = false, trace }: Question,
    prefix: Prefix | undefined,
  ): Promise<Kept> {
    const cached = cache.get(identifier.key)
    const now = clock.monotonicMs()
    if (cached !== undefined && !fresh && isFresh(cached, directory, prefix, now)) {
      trace?.('memory', traceTexts.memoryHit, { ageSeconds: (now - cached.madeAtMs) / 1000 })
      refreshAhead(identifier, cached, now)
      return { entry: cached, source: 'memory', stale: false }
    }
    if (fresh) trace?.('memory', traceTexts.memoryPassed)
    else trace?.('memory', cached === undefined ? traceTexts.memoryMiss : traceTexts.memoryOutdated)
    if (!fresh && parts.mayHave?.(identifier.key) === false) {
      trace?.('store', traceTexts.storeSpared)
      return { entry: absentEntry, source: 'memory', stale: false }
    }
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

  /** @returns undefined where there is no record, or the name does not lead to it */
  function answerFrom(
    { identifier, caller, filter, trace }: Question,
    prefix: Prefix | undefined,
    { entry, source, stale }: Kept,
  ): Resolution | undefined {
    const { record } = entry
    if (record === undefined) {
      if (prefix === undefined || !isQuestionOf(identifier, prefix)) return undefined
      const blank = makeEntry(parts, identifier, blankPrefixRecord(identifier, prefix))
      const question = { identifier, caller, filter, trace }
      return answerFrom(question, prefix, { entry: blank, source, stale })
    }
    const own = directory.match(authorityOf(identifier, record))
    const leads = leadsTo(directory, identifier, record, own)
    if (identifier.key !== record.key) tellAlias(trace, identifier, record, leads)
    if (!leads) return undefined
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

function unknown(parts: ResolverParts, source: Source, prefix: Prefix | undefined): Failure {
  parts.metrics.resolved(source, 'unknown')
  return new Failure(unknownCode(prefix))
}

function unknownCode(prefix: Prefix | undefined): UnknownCode {
  return prefix === undefined ? 'PREFIX_UNKNOWN' : 'IDENTIFIER_UNKNOWN'
}

function notEnabled(prefix: Prefix): Failure {
  return new Failure(
    'PREFIX_UNKNOWN',
    say(`前缀 ${prefix.prefix} 尚未启用`, `the prefix ${prefix.prefix} is not enabled`),
  )
}

/** Other systems' names may be aliases of records of ours, whoever holds their prefix. */
function mayBeAlias({ system }: Identifier): boolean {
  return system !== 'handle' && system !== 'code'
}
