import { createHash } from 'node:crypto'
import { Failure } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import { isPublic, type Value } from '../model/value.ts'
import { composeAnswer, wholeSeconds } from './answer.ts'
import type { Entry } from './answer-cache.ts'
import { filterValues, isWhole } from './filter.ts'
import { isFresh, isOfThisEpoch } from './is-fresh.ts'
import { lifeOf } from './life.ts'
import type { Source, Trust } from './parts.ts'
import type { Question, Resolution, ResolverParts } from './resolve.ts'
import { traceTexts } from './trace.ts'

/**
 * Answers what others answer for, by asking them.
 * @param prefix the delegated one; undefined for a foreign one
 * @throws Failure as {@link Upstream.ask}
 */
export type AskUpstream = (question: Question, prefix: Prefix | undefined) => Promise<Resolution>

const unknownElsewhere = say(
  '负责此前缀的站点没有此标识',
  'the site responsible for the prefix has no such identifier',
)

/** Waiting for others at once; they may be slow, and what waits is memory. */
const flightsMax = 1_000

/**
 * Keeps what others said for as long as its values allow, and gives it, marked stale, for a while longer when they do
 * not answer any more. One question about a key is under way at a time.
 */
export function makeAskUpstream(
  parts: ResolverParts,
  upstream: NonNullable<ResolverParts['upstream']>,
): AskUpstream {
  const { directory, clock, metrics } = parts
  const { cache } = upstream
  const flights = new Map<string, Promise<Entry>>()

  function load({ identifier, recursionCount = 0 }: Question, prefix: Prefix | undefined) {
    // Who has come further has less way left: a circle is noticed only when its count grows.
    const key = `${recursionCount} ${identifier.key}`
    const underWay = flights.get(key)
    if (underWay !== undefined) return underWay
    if (flights.size >= flightsMax) {
      throw new Failure('UPSTREAM_AWAY', undefined, { retryAfterSeconds: 1 })
    }
    const flight = ask(identifier, prefix, recursionCount).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  async function ask(
    identifier: Identifier,
    prefix: Prefix | undefined,
    recursionCount: number,
  ): Promise<Entry> {
    const said = await upstream.ask(identifier, prefix, recursionCount).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'IDENTIFIER_UNKNOWN') return undefined
      throw error
    })
    const entry = makeEntry(parts, identifier, prefix, said)
    cache.set(identifier.key, entry)
    return entry
  }

  async function findEntry(
    question: Question,
    prefix: Prefix | undefined,
  ): Promise<{ entry: Entry; source: Source; stale: boolean }> {
    const { identifier, fresh = false, trace } = question
    const kept = cache.get(identifier.key)
    const now = clock.monotonicMs()
    if (kept !== undefined && !fresh && isFresh(kept, directory, prefix, now)) {
      trace?.('upstream', traceTexts.upstreamKept, { trust: kept.trust })
      return { entry: kept, source: 'memory', stale: false }
    }
    try {
      const entry = await load(question, prefix)
      trace?.('upstream', traceTexts.upstreamAsked, { trust: entry.trust })
      return { entry, source: 'upstream', stale: false }
    } catch (error) {
      const mayServeStale =
        kept?.answer !== undefined &&
        isOfThisEpoch(kept, directory, prefix) &&
        now - kept.madeAtMs <= parts.staleSecondsMax * 1000
      const isAway = error instanceof Failure && error.code === 'UPSTREAM_AWAY'
      if (!isAway || !mayServeStale) throw error
      trace?.('upstream', traceTexts.upstreamAway, { trust: kept.trust })
      return { entry: kept, source: 'memory', stale: true }
    }
  }

  return async function askUpstream(question, prefix) {
    const { filter } = question
    const { entry, source, stale } = await findEntry(question, prefix)
    const { answer, etag, trust } = entry
    metrics.resolved(source, answer === undefined ? 'unknown' : 'answer')
    if (answer === undefined) throw new Failure('IDENTIFIER_UNKNOWN', unknownElsewhere)
    const ageSeconds = Math.max(0, Math.floor((clock.monotonicMs() - entry.madeAtMs) / 1000))
    if (isWhole(filter) && !stale) return { answer, shared: entry, source, ageSeconds, etag, trust }
    const chosen = { ...answer, values: filterValues(answer.values, filter) }
    return {
      answer: stale ? { ...chosen, stale: true } : chosen,
      shared: undefined,
      source,
      ageSeconds,
      etag,
      trust,
    }
  }
}

/** @param said undefined: whoever answers for it says that there is no such identifier */
function makeEntry(
  parts: ResolverParts,
  identifier: Identifier,
  prefix: Prefix | undefined,
  said: { readonly values: readonly Value[]; readonly trust: Trust } | undefined,
): Entry {
  const { directory, clock } = parts
  const record = said && recordOf(identifier, prefix, said.values, clock.now())
  const owner = prefix?.owner ?? null
  const answer =
    record &&
    composeAnswer(
      parts,
      record,
      prefix,
      { values: record.values, withheld: [] },
      wholeSeconds(clock.now()),
    )
  return {
    record,
    answer,
    bytes: new Map(),
    etag: `"0.${prefix?.epoch ?? 0}.${directory.subjectEpoch(owner)}.${digestOf(said?.values)}"`,
    prefix: prefix?.prefix ?? '',
    prefixEpoch: prefix?.epoch ?? 0,
    named: undefined,
    owner,
    ownerEpoch: directory.subjectEpoch(owner),
    ...(said && { trust: said.trust }),
    ...lifeOf(parts, answer?.ttlSeconds ?? parts.absentTtlSeconds),
  }
}

/** Others' serials are not known to us: what they say is compared instead. */
function digestOf(values: readonly Value[] | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify(values ?? null))
    .digest('base64url')
    .slice(0, 16)
}

/** What others say, in the form of a record. Values that are not public are not ours to give on. */
function recordOf(
  identifier: Identifier,
  prefix: Prefix | undefined,
  values: readonly Value[],
  nowMs: number,
): StoredRecord {
  return {
    key: identifier.key,
    identifier: identifier.text,
    system: identifier.system,
    prefix: prefix?.prefix ?? identifier.authority,
    kind: identifier.key.startsWith('0.na/') ? 'prefix' : 'other',
    values: values.filter(isPublic),
    aliases: [],
    subject: null,
    submitter: '',
    basis: 'authority',
    serial: 0,
    updatedAt: new Date(nowMs).toISOString(),
    successor: null,
    gone: null,
  }
}
