import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { Alias, StoredRecord } from '../model/record.ts'
import type { Subject } from '../model/subject.ts'
import type { Value } from '../model/value.ts'
import type { Answer, Directory, OwnedPrefix, Referral } from './parts.ts'
import { type SubjectValueParts, subjectValues } from './subject-values.ts'
import type { Visible } from './visibility.ts'

export interface ComposeParts extends SubjectValueParts {
  readonly directory: Directory
  /** How long an answer may be kept when its values allow it. Seconds. */
  readonly answerTtlSeconds: number
  /** What the node itself says about a prefix it hosts, beside what was written: where it is served. */
  readonly prefixValues?: (written: readonly Value[], updatedAt: string) => readonly Value[]
}

/** An answer names its owner's prefixes, up to this many. */
const prefixesMax = 32

/** The subject an answer belongs to: the one the record names, else the owner of its prefix. */
export function ownerOf(
  directory: Directory,
  record: Pick<StoredRecord, 'subject'> | undefined,
  prefix: Prefix | undefined,
): Subject | undefined {
  const id = record?.subject ?? prefix?.owner ?? null
  return id === null ? undefined : directory.subject(id)
}

/** All values of a record, those made from its subject included. */
export function valuesOf(parts: ComposeParts, record: StoredRecord): readonly Value[] {
  if (record.kind === 'prefix' && parts.prefixValues !== undefined) {
    return [...parts.prefixValues(record.values, record.updatedAt), ...record.values]
  }
  if (record.kind !== 'subject' || record.subject === null) return record.values
  const subject = parts.directory.subject(record.subject)
  if (subject === undefined) return record.values
  const { prefixes } = ownedPrefixes(parts.directory, subject)
  return [...subjectValues(subject, prefixes, record.updatedAt, parts), ...record.values]
}

/** The answer an asker gets who may see `visible`. */
export function composeAnswer(
  parts: ComposeParts,
  record: StoredRecord,
  prefix: Prefix | undefined,
  visible: Visible,
  asOf: string,
): Answer {
  const { directory } = parts
  const owner = ownerOf(directory, record, prefix)
  const { prefixes, more } = ownedPrefixes(directory, owner)
  const { values, withheld } = visible
  return {
    identifier: record.identifier,
    system: record.system,
    kind: record.kind,
    code: owner?.code ?? null,
    ...(record.kind === 'subject' && owner !== undefined
      ? { status: owner.status, successor: owner.successor }
      : record.successor === null
        ? {}
        : { successor: record.successor }),
    values,
    prefixes,
    ...(more ? { morePrefixes: true as const } : {}),
    sameAs: record.aliases
      .filter(alias => aliasLeads(directory, alias, prefix))
      .map(({ system, text }) => ({ system, identifier: text })),
    referral: null,
    ...(withheld.length > 0 ? { withheld } : {}),
    serial: record.serial,
    asOf,
    ttlSeconds: ttlOf(values, parts.answerTtlSeconds, asOf),
  }
}

/** The answer for an identifier under a delegated prefix: who to ask. */
export function composeReferral(
  parts: ComposeParts,
  identifier: Identifier,
  prefix: Prefix,
  kind: Referral['kind'],
  asOf: string,
): Answer {
  const owner = ownerOf(parts.directory, undefined, prefix)
  const { prefixes, more } = ownedPrefixes(parts.directory, owner)
  return {
    identifier: identifier.text,
    system: identifier.system,
    kind: identifier.key.startsWith('0.na/') ? 'prefix' : 'other',
    code: owner?.code ?? null,
    values: [],
    prefixes,
    ...(more ? { morePrefixes: true as const } : {}),
    sameAs: [],
    referral: { prefix: prefix.prefix, kind, sites: prefix.sites },
    serial: 0,
    asOf,
    ttlSeconds: parts.answerTtlSeconds,
  }
}

/**
 * Whether an alias leads to its record: while the alias's prefix is enabled and belongs to the record's owner, or while
 * nobody owns it and an operator released it; what an operator or a grant wrote leads always.
 * @param prefix the record's
 */
export function aliasLeads(
  directory: Directory,
  alias: Alias,
  prefix: Pick<Prefix, 'owner'> | undefined,
): boolean {
  if (alias.standing === 'granted') return true
  const holder = directory.match(alias)
  if (holder === undefined || holder.owner === null) return alias.standing === 'released'
  return holder.state === 'enabled' && holder.owner === prefix?.owner
}

function ownedPrefixes(
  directory: Directory,
  owner: Subject | undefined,
): { prefixes: readonly OwnedPrefix[]; more: boolean } {
  if (owner === undefined) return { prefixes: [], more: false }
  const owned = directory.prefixesOf(owner.id)
  return {
    prefixes: owned
      .slice(0, prefixesMax)
      .map(({ system, prefix, uses }) => ({ system, prefix, for: uses })),
    more: owned.length > prefixesMax,
  }
}

/** The shortest of the values' own TTLs (RFC 3651 §3.1: an absolute one is an end), within what the node allows. */
function ttlOf(values: readonly Value[], most: number, asOf: string): number {
  let ttl = most
  for (const value of values) {
    const seconds =
      typeof value.ttl === 'number' ? value.ttl : (Date.parse(value.ttl) - Date.parse(asOf)) / 1000
    ttl = Math.min(ttl, Math.max(0, Math.floor(seconds)))
  }
  return ttl
}

/** RFC 3339 in UTC: answers are dated to the second, as values are. */
export function wholeSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}
