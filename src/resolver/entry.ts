import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import { aliasLeads, composeAnswer, valuesOf, wholeSeconds } from './answer.ts'
import type { Entry } from './answer-cache.ts'
import { lifeOf } from './life.ts'
import type { Directory } from './parts.ts'
import type { ResolverParts } from './resolve.ts'
import { visibleValues } from './visibility.ts'

/**
 * What memory keeps of a key: the record with the answer that anyone gets, or that there is none.
 * @param record what the store has for the key: the record of that name, or one that has it as an alias
 */
export function makeEntry(
  parts: ResolverParts,
  identifier: Identifier,
  record: StoredRecord | undefined,
): Entry {
  const { directory } = parts
  const asked = directory.match(identifier)
  const own = record === undefined ? asked : directory.match(authorityOf(identifier, record))
  const isAlias = record !== undefined && record.key !== identifier.key
  const owner = record?.subject ?? own?.owner ?? null
  const answer =
    record === undefined || record.gone !== null || !leadsTo(directory, identifier, record, own)
      ? undefined
      : composeAnswer(
          parts,
          record,
          own,
          visibleValues(valuesOf(parts, record), false),
          wholeSeconds(parts.clock.now()),
        )
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
    ...lifeOf(parts, answer?.ttlSeconds ?? parts.absentTtlSeconds),
  }
}

/** What stands for an entry where it is known, without one, that neither a record nor an alias has the key. Never kept. */
export const absentEntry: Entry = {
  record: undefined,
  answer: undefined,
  bytes: new Map(),
  etag: '"0.0.0"',
  prefix: '',
  prefixEpoch: 0,
  named: undefined,
  owner: null,
  ownerEpoch: 0,
  madeAtMs: 0,
  refreshAtMs: 0,
  expiresAtMs: 0,
}

/** A record's own name leads to it; an alias while it may, and while the record's own name would be answered here. */
export function leadsTo(
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
export function authorityOf(identifier: Identifier, record: StoredRecord) {
  return identifier.key === record.key
    ? identifier
    : { system: record.system, authority: record.prefix }
}

/** A prefix that nobody has written a record for is known all the same. */
export function blankPrefixRecord(identifier: Identifier, prefix: Prefix): StoredRecord {
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
