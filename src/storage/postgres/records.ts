import { invalid } from '../../model/failures.ts'
import type { Kind, System } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import type { StoredRecord } from '../../model/record.ts'
import { say } from '../../model/text.ts'
import type { Found, Records } from '../../resolver/parts.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'
import { type RecordRow, recordColumns, rowToRecord } from './record-rows.ts'

const findRecords = `select ${recordColumns}, null::text as via
from records r where r.key = any($1)`

const findRecordsAndAliases = `${findRecords}
union all
select ${recordColumns}, a.key as via
from aliases a join records r on r.key = a.record_key and r.prefix = a.record_prefix
where a.key = any($1)`

/**
 * The prefix and those below it apart: asked for as one, a planner without statistics of them, as behind a large job, reads and
 * sorts all of them for each page (200 000 records: 300 ms against 3 ms).
 */
const listRecords = `select * from (
  (
    select r.identifier, r.system, r.kind, r.serial, r.updated_at, r.key
    from records r
    where r.prefix = $1 and r.system = any($4) and r.key > $5 and r.gone is null
    order by r.key limit $6
  )
  union all
  (
    select r.identifier, r.system, r.kind, r.serial, r.updated_at, r.key
    from records r
    where r.prefix >= $2 and r.prefix < $3 and r.prefix <> $1
      and r.system = any($4) and r.key > $5 and r.gone is null
    order by r.key limit $6
  )
) r
order by r.key limit $6`

/** A page of records of many prefixes; the first goes on behind the cursor's key. */
const listRecordsOf = `select r.identifier, r.system, r.kind, r.serial, r.updated_at, r.key, p.place
from unnest($1::text[], $2::text[]) with ordinality as p (system, prefix, place)
cross join lateral (
  select * from records r
  where r.prefix = p.prefix and r.system = p.system and r.key > case when p.place = 1 then $3 else '' end
    and ($4::text is null or r.kind = $4) and r.gone is null
  order by r.key limit $5
) r
order by p.place, r.key limit $5`

/**
 * Whole records and tombstones of a range of prefixes, in the order of `records_by_prefix`: whoever goes on behind the
 * last one is where they were, whatever was written since. One condition, on the index alone: with more of them, a
 * planner that has no statistics yet, as behind a large job, reads and sorts the whole range for each page (60 000
 * records: 220 ms against 0.3 ms).
 */
const recordsBehind = `select ${recordColumns}
from records r
where (r.prefix, r.key) > ($1, $2) and r.prefix < $3
order by r.prefix, r.key limit $4`

const countRecords = `select count(*)::int as count from (
  select from records r
  where (r.prefix = $1 or (r.prefix >= $2 and r.prefix < $3)) and r.system = any($4)
    and r.gone is null and r.kind <> 'subject'
  limit $5
) counted`

/** Whole records that are read at once; one has at most 200 000 bytes. */
const recordsPerPage = 200

/** Prefixes looked through in one query: most subjects have fewer. */
const prefixesPerQuery = 100

export interface RecordSummary {
  readonly identifier: string
  readonly system: System
  readonly kind: Kind
  readonly serial: number
  readonly updatedAt: string
}

export interface RecordReader extends Records {
  /** The record or tombstone of this very key; an alias leads nowhere here. */
  read(key: string): Promise<StoredRecord | undefined>
  /** Living records under a prefix and the prefixes below it, in the order of their keys. */
  list(system: System, prefix: string, page: PageRequest): Promise<Page<RecordSummary>>
  /**
   * Living records under each of these prefixes, in the order of the prefixes, then of their keys.
   * @param kind only these; undefined: all
   */
  listOf(
    prefixes: readonly Pick<Prefix, 'system' | 'prefix'>[],
    kind: Kind | undefined,
    page: PageRequest,
  ): Promise<Page<RecordSummary>>
  /** Living records under a prefix and the prefixes below it, but codes, whole, page by page in an order that stays. */
  under(system: System, prefix: string): AsyncIterable<readonly StoredRecord[]>
  /** How many these are, counted up to `max`. */
  countUnder(system: System, prefix: string, max: number): Promise<number>
}

/** Reads records; one query however many keys. */
export function makeRecords(database: Queries): RecordReader {
  return {
    async find(keys) {
      const sql = keys.some(mayBeAlias) ? findRecordsAndAliases : findRecords
      const rows = await database.query<RecordRow & { via: string | null }>(sql, [keys])
      // A record of that very name comes before one that claims it as an alias.
      const claimed = rows.filter(({ via }) => via !== null)
      const registered = rows.filter(({ via }) => via === null)
      const found = new Map(
        [...claimed, ...registered].map(row => [row.via ?? row.key, rowToFound(row)]),
      )
      return keys.map(key => found.get(key))
    },

    async read(key) {
      const [row] = await database.query<RecordRow>(findRecords, [[key]])
      return row && rowToRecord(row)
    },

    async list(system, prefix, { cursor, limit }) {
      const [from, to] = below(system, prefix)
      const rows = await database.query<RecordRow>(listRecords, [
        prefix,
        from,
        to,
        systemsOf(system),
        cursor === undefined ? '' : readCursor(cursor),
        limit + 1,
      ])
      return pageOf(rows, limit, rowToSummary, row => row.key)
    },

    async *under(system, prefix) {
      const [from, to] = below(system, prefix)
      const systems = systemsOf(system)
      // Codes are issued, and not imported.
      const isGiven = ({ gone, kind, system }: RecordRow) =>
        gone === null && kind !== 'subject' && systems.includes(system)
      const ranges =
        from === prefix
          ? [[from, to]]
          : [
              [prefix, justBehind(prefix)],
              [from, to],
            ]
      for (const [begin = '', end = ''] of ranges) {
        let place = { prefix: begin, key: '' }
        for (;;) {
          const values = [place.prefix, place.key, end, recordsPerPage]
          const rows = await database.query<RecordRow>(recordsBehind, values)
          const records = rows.filter(isGiven).map(rowToRecord)
          if (records.length > 0) yield records
          const last = rows.at(-1)
          if (last === undefined || rows.length < recordsPerPage) break
          place = last
        }
      }
    },

    async countUnder(system, prefix, max) {
      const [from, to] = below(system, prefix)
      const values = [prefix, from, to, systemsOf(system), max]
      const [row] = await database.query<{ readonly count: number }>(countRecords, values)
      return row?.count ?? 0
    },

    async listOf(prefixes, kind, { cursor, limit }) {
      const from = cursor === undefined ? undefined : readPlace(cursor)
      const first = from === undefined ? 0 : prefixes.findIndex(each => printKey(each) === from[0])
      // The prefix that the last page ended in is not theirs any more.
      if (first === -1) throw placeGone()
      let after = from?.[1] ?? ''
      const rows: (RecordRow & { readonly at: string })[] = []
      for (let at = first; at < prefixes.length && rows.length <= limit; at += prefixesPerQuery) {
        const some = prefixes.slice(at, at + prefixesPerQuery)
        const found = await database.query<RecordRow & { readonly place: number }>(listRecordsOf, [
          some.map(({ system }) => system),
          some.map(({ prefix }) => prefix),
          after,
          kind ?? null,
          limit + 1 - rows.length,
        ])
        after = ''
        rows.push(...found.map(row => ({ ...row, at: printKey(some[Number(row.place) - 1]) })))
      }
      return pageOf(rows, limit, rowToSummary, ({ at, key }) => `${at} ${key}`)
    },
  }
}

function printKey(of: Pick<Prefix, 'system' | 'prefix'> | undefined): string {
  return `${of?.system}:${of?.prefix}`
}

function readPlace(cursor: string): readonly [prefix: string, key: string] {
  const text = readCursor(cursor)
  const blank = text.indexOf(' ')
  if (blank === -1) throw placeGone()
  return [text.slice(0, blank), text.slice(blank + 1)]
}

function placeGone() {
  const detail = say(
    '游标所指的前缀已不属于该主体，请从头读取',
    'the prefix of this cursor is not the subject’s any more: begin again',
  )
  return invalid('/cursor', 'cursor', detail)
}

/** The first text behind this one, in the order of bytes. */
function justBehind(text: string): string {
  return `${text}\u0001`
}

/** Codes lie under a prefix of handles. */
function systemsOf(system: System): readonly System[] {
  return system === 'handle' ? ['handle', 'code'] : [system]
}

/** The range of prefixes below one, in the order of bytes: behind a dot where labels count, else anything it begins. */
function below(system: System, prefix: string): [from: string, to: string] {
  const separator = system === 'gs1' || system === 'ecode' ? '' : '.'
  const from = prefix + separator
  return [from, from.slice(0, -1) + String.fromCharCode(from.charCodeAt(from.length - 1) + 1)]
}

function rowToSummary(row: RecordRow): RecordSummary {
  return {
    identifier: row.identifier,
    system: row.system,
    kind: row.kind,
    serial: row.serial,
    updatedAt: row.updated_at.toISOString(),
  }
}

/** Keys of handles never begin with a letter; the others are `<system>:<text>`. */
function mayBeAlias(key: string): boolean {
  return /^[a-z][a-z0-9]*:/.test(key)
}

function rowToFound(row: RecordRow & { via: string | null }): Found {
  const record = rowToRecord(row)
  const via = row.via === null ? null : (record.aliases.find(({ key }) => key === row.via) ?? null)
  return { record, via }
}
