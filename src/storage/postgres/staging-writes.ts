import { Failure } from '../../model/failures.ts'
import type {
  AnnouncedItem,
  RecordPair,
  StagedText,
  StagedWrites,
  WrittenPair,
} from '../../registry/staging/parts.ts'
import type { ChangeItem } from './changes.ts'
import type { Queries } from './database.ts'
import { type RecordRow, recordColumns, rowToRecord } from './record-rows.ts'
import { digestsOf } from './reverse.ts'
import { makeRowId } from './row-ids.ts'
import {
  errorToJson,
  insertRefusals,
  notRefused,
  type PlannedColumns,
  plannedColumns,
  rowToPlanned,
} from './staging.ts'

/** Rows of one owner in one range that are not refused: the parameters $1, $2 and $3 of every query here. */
const inRange = `s.owner = $1 and s.row_no > $2 and s.row_no <= $3 and ${notRefused.replace(
  ')',
  ' and f.row_no > $2 and f.row_no <= $3)',
)}`

const stagedInRange = `from staged_rows s join staged_places p on p.owner = s.owner and p.place = s.place
  where ${inRange}`

/** Under a name that is no alias, and without aliases: where there is no record either, no record is asked about. */
const plainInRange = `${stagedInRange} and s.op = 'put' and s.aliases is null
    and (p.system = 'handle' or not exists (select from aliases a where a.key = s.key))`

/** One look into the index a row: as a join, records would all be read for each slice, as long as they are not very many. */
const hasRecord = 'coalesce((select true from records r where r.key = s.key limit 1), false)'

/**
 * Slices are larger than what one row of `changes` tells: whoever reads the feed in pages unfolds a row for each page that
 * begins in it.
 */
const itemsPerChange = 1_000

/** @param onAnnounced told of what was announced here and not through the ledger, with the id of its row */
export function stagedWrites(
  queries: Queries,
  at: Date,
  onAnnounced: (id: string, items: readonly AnnouncedItem[]) => void,
): StagedWrites {
  const now = wholeSeconds(at)
  let announcedRows = 0

  function nextId(): string {
    return makeRowId(at, announcedRows++)
  }

  return {
    async count(owner, { after, upTo }) {
      const [row] = await queries.query<{ count: number }>(
        `select count(*) as count from staged_rows s where ${inRange}`,
        [owner, after, upTo],
      )
      return row?.count ?? 0
    },

    async addPlain(owner, { after, upTo }, dry) {
      if (dry) {
        const [row] = await queries.query<{ count: number }>(
          `select count(*) as count ${plainInRange} and not ${hasRecord}`,
          [owner.id, after, upTo],
        )
        return row?.count ?? 0
      }
      const rows = await queries.query<{ id: string; prefix: string; items: ChangeItem[] }>(
        `with fresh as (
           insert into records (key, prefix, identifier, system, kind, values, aliases, submitter, basis, serial,
             successor, source, created_at, updated_at)
           select s.key, p.prefix, s.identifier, p.system, coalesce(s.kind, 'other'), replace(s.values, $4, $5)::json,
             '[]', $6, $7, 1, nullif(s.successor, ''), $1, $8, $8
           ${plainInRange} order by s.key
           on conflict do nothing returning key, prefix, identifier, kind
         ),
         indexed as (
           insert into public_values (digest, key)
           select unnest(s.digests) as digest, s.key from staged_rows s
           -- Looked up by hash: what is expected of a result of a write is one row, and a join would compare all with all.
           where ${inRange} and (s.key in (select key from fresh)) is true
           -- In the order of the index, whose pages are then met once each.
           order by digest
         ),
         told as (
           select prefix, count(*) as count, row_number() over () as place,
             json_agg(json_build_array(identifier, 1, 'created', kind, key)) as items
           from (select *, (row_number() over () - 1) / ${itemsPerChange} as piece from fresh) f
           group by prefix, piece
         )
         insert into changes (id, identifier, prefix, serial, op, kind, keys, count, items, at)
         select $9 || place, '', prefix, 1, 'created', 'other', '{}', count, items, $8 from told
         returning id, prefix, items`,
        [
          owner.id,
          after,
          upTo,
          stampOf(wholeSeconds(owner.stagedAt)),
          stampOf(now),
          owner.submitter,
          owner.basis,
          at,
          nextId(),
        ],
      )
      let count = 0
      for (const { id, prefix, items } of rows) {
        count += items.length
        onAnnounced(
          id,
          items.map(item => itemOf(prefix, item)),
        )
      }
      return count
    },

    async lockRest(owner, { after, upTo }, dry) {
      await queries.query(looksUpRows)
      const existing = await queries.query<PlannedColumns>(
        `select ${plannedColumns}
         from staged_rows s join staged_places p on p.owner = s.owner and p.place = s.place
         join records r on r.key = s.key
         where ${inRange} and r.source is distinct from $1 and not (${saysTheSame})
         order by s.key for update of r`,
        [owner.id, after, upTo, stampOf(wholeSeconds(owner.stagedAt))],
      )
      const isSpecial = `(s.op <> 'put' or s.aliases is not null
        or p.system <> 'handle' and exists (select from aliases a where a.key = s.key))`
      const absent = await queries.query<PlannedColumns>(
        `select ${plannedColumns}
         from staged_rows s join staged_places p on p.owner = s.owner and p.place = s.place
         left join records r on false
         where ${inRange} and not exists (select from records e where e.key = s.key)
           and (not $4 or ${isSpecial})
         order by s.key`,
        [owner.id, after, upTo, dry],
      )
      return [...existing, ...absent].map(rowToPlanned)
    },

    async putRecords(source, pairs) {
      if (pairs.length === 0) return
      await writeOver(
        queries,
        source,
        at,
        pairs.filter(({ before }) => before !== undefined),
      )
      await writeNew(
        queries,
        source,
        at,
        pairs.filter(({ before }) => before === undefined),
      )
      await indexValues(queries, pairs)
    },

    async putAliases(pairs, takenOver) {
      await putAliases(queries, pairs, takenOver)
    },

    async announceAll(items) {
      if (items.length === 0) return
      const prefixes = [...new Set(items.map(({ prefix }) => prefix))]
      for (const prefix of prefixes) {
        const told = items.filter(item => item.prefix === prefix)
        const id = nextId()
        await queries.query(
          `insert into changes (id, identifier, prefix, serial, op, kind, keys, count, items, at)
           values ($1, '', $2, 1, 'replaced', 'other', '{}', $3, $4, $5)`,
          [id, prefix, told.length, JSON.stringify(told.map(toItem)), at],
        )
        onAnnounced(id, told)
      }
    },

    refuse: (owner, refused) => insertRefusals(queries, owner, refused),

    async refusePlaces(owner, { after, upTo }, places, error) {
      const rows = await queries.query(
        `insert into staged_refusals (owner, row_no, error)
         select s.owner, s.row_no, $5 from staged_rows s where ${inRange} and s.place = any($4)
         on conflict do nothing returning row_no`,
        [owner, after, upTo, places, errorToJson(error)],
      )
      return rows.length
    },

    texts: (owner, { after, upTo }) =>
      queries.query<StagedText>(
        `select s.row_no as row, s.key, s.values as text
         from staged_rows s where ${inRange} and s.op = 'text' order by s.row_no`,
        [owner, after, upTo],
      ),

    async lockWritten(owner, { after, upTo }) {
      const rows = await queries.query<WrittenColumns>(
        `select s.row_no, ${recordColumns}, v.serial as v_serial, v.kind as v_kind, v.values as v_values,
           v.aliases as v_aliases, v.submitter as v_submitter, v.basis as v_basis, v.successor as v_successor,
           v.gone as v_gone
         from staged_rows s join records r on r.key = s.key and r.source = $1
         left join record_versions v on v.key = r.key and v.prefix = r.prefix and v.serial = r.serial - 1
         where s.owner = $1 and s.row_no > $2 and s.row_no <= $3
         order by s.key for update of r`,
        [owner, after, upTo],
      )
      return rows.map(rowToWritten)
    },
  }
}

/** What a value's timestamp looks like in the JSON that we write. In a text inside of it the quotes would be escaped. */
function stampOf(instant: string): string {
  return `"timestamp":"${instant}"`
}

function wholeSeconds(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}

/**
 * Joins look up each row of a slice, in this transaction. Left to itself, the planner reads all records for each slice as
 * long as they are fewer than some hundred thousand.
 */
const looksUpRows = 'set local enable_hashjoin = off'

/** What a timestamp of a record looks like where all its values were written by its last write. */
const lastStamp = `'"timestamp":"' || to_char(r.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '"'`

/**
 * What a row with aliases says is compared by the rules, which know what an alias is worth. jsonb compares as
 * `isDeepStrictEqual` does, whatever the order of members; mostly the texts are the same already.
 */
const saysTheSame = `s.op = 'put' and r.gone is null and s.aliases is null and json_array_length(r.aliases) = 0
  and coalesce(s.kind, r.kind) = r.kind and coalesce(s.successor, r.successor, '') = coalesce(r.successor, '')
  and (replace(r.values::text, ${lastStamp}, $4) = s.values
    or (select jsonb_agg(v - 'timestamp') from jsonb_array_elements(s.values::jsonb) v)
      is not distinct from (select jsonb_agg(v - 'timestamp') from jsonb_array_elements(r.values::jsonb) v))`

function itemOf(
  prefix: string,
  [identifier, serial, op, kind, ...keys]: ChangeItem,
): AnnouncedItem {
  return { identifier, prefix, serial, op, kind, keys }
}

function toItem({ identifier, serial, op, kind, keys }: AnnouncedItem): ChangeItem {
  return [identifier, serial, op, kind, ...keys]
}

const newColumns = `key text, prefix text, identifier text, system text, kind text, "values" json, aliases json,
  subject text, submitter text, basis text, serial bigint, successor text, gone json`

async function writeOver(
  queries: Queries,
  source: string,
  at: Date,
  pairs: readonly RecordPair[],
): Promise<void> {
  if (pairs.length === 0) return
  const keys = pairs.map(({ record }) => record.key)
  const prefixes = pairs.map(({ record }) => record.prefix)
  const former = pairs.flatMap(({ before }) =>
    before === undefined ? [] : digestsOf(before).map(digest => ({ before, digest })),
  )
  await queries.query(
    `insert into record_versions (key, prefix, serial, kind, values, aliases, submitter, basis, successor, gone, source,
       written_at)
     select r.key, r.prefix, r.serial, r.kind, r.values, r.aliases, r.submitter, r.basis, r.successor, r.gone, r.source,
       r.updated_at
     from records r where (r.key, r.prefix) in (select * from unnest($1::text[], $2::text[]))`,
    [keys, prefixes],
  )
  if (former.length > 0) {
    await queries.query(
      `delete from public_values v
       using unnest($1::bigint[], $2::text[]) as f (digest, key)
       where v.digest = f.digest and v.key = f.key`,
      [former.map(({ digest }) => digest), former.map(({ before }) => before.key)],
    )
  }
  await queries.query(
    `update records r set identifier = n.identifier, system = n.system, kind = n.kind, values = n.values,
       aliases = n.aliases, subject = n.subject, submitter = n.submitter, basis = n.basis, serial = n.serial,
       successor = n.successor, gone = n.gone, source = $2, updated_at = $3
     from json_to_recordset($1::json) as n (${newColumns})
     where r.key = n.key and r.prefix = n.prefix`,
    [recordsToJson(pairs), source, at],
  )
}

async function writeNew(
  queries: Queries,
  source: string,
  at: Date,
  pairs: readonly RecordPair[],
): Promise<void> {
  if (pairs.length === 0) return
  const rows = await queries.query(
    `insert into records (key, prefix, identifier, system, kind, values, aliases, subject, submitter, basis, serial,
       successor, gone, source, created_at, updated_at)
     select key, prefix, identifier, system, kind, values, aliases, subject, submitter, basis, serial, successor, gone,
       $2, $3, $3
     from json_to_recordset($1::json) as n (${newColumns})
     on conflict do nothing returning key`,
    [recordsToJson(pairs), source, at],
  )
  if (rows.length < pairs.length) throw new Failure('ALREADY_EXISTS')
}

/** A `gone` of null would come as the JSON null. */
function recordsToJson(pairs: readonly RecordPair[]): string {
  return JSON.stringify(
    pairs.map(({ record: { gone, ...record } }) => (gone === null ? record : { ...record, gone })),
  )
}

async function indexValues(queries: Queries, pairs: readonly RecordPair[]): Promise<void> {
  const found = pairs.flatMap(({ record }) =>
    digestsOf(record).map(digest => ({ key: record.key, digest })),
  )
  if (found.length === 0) return
  await queries.query(
    'insert into public_values (digest, key) select * from unnest($1::bigint[], $2::text[])',
    [found.map(({ digest }) => digest), found.map(({ key }) => key)],
  )
}

async function putAliases(
  queries: Queries,
  pairs: readonly RecordPair[],
  takenOver: readonly string[],
): Promise<void> {
  const former = pairs.flatMap(({ record, before }) =>
    (before?.aliases ?? [])
      .filter(({ key }) => !record.aliases.some(alias => alias.key === key))
      .map(({ key }) => ({ key, record })),
  )
  if (former.length > 0) {
    await queries.query(
      `delete from aliases a using unnest($1::text[], $2::text[]) as f (key, record_key)
       where a.key = f.key and a.record_key = f.record_key`,
      [former.map(({ key }) => key), former.map(({ record }) => record.key)],
    )
  }
  const claimed = pairs.flatMap(({ record }) => record.aliases.map(alias => ({ alias, record })))
  if (claimed.length === 0) return
  const rows = await queries.query(
    `insert into aliases (key, system, authority, record_key, record_prefix)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
     on conflict (key) do update
     set record_key = excluded.record_key, record_prefix = excluded.record_prefix
     where aliases.record_key = excluded.record_key or aliases.key = any($6)
     returning key`,
    [
      claimed.map(({ alias }) => alias.key),
      claimed.map(({ alias }) => alias.system),
      claimed.map(({ alias }) => alias.authority),
      claimed.map(({ record }) => record.key),
      claimed.map(({ record }) => record.prefix),
      takenOver,
    ],
  )
  if (rows.length < claimed.length) throw new Failure('ALREADY_EXISTS')
}

interface WrittenColumns extends RecordRow {
  row_no: number
  v_serial: number | null
  v_kind: RecordRow['kind']
  v_values: RecordRow['values']
  v_aliases: RecordRow['aliases']
  v_submitter: string
  v_basis: RecordRow['basis']
  v_successor: string | null
  v_gone: RecordRow['gone']
}

function rowToWritten(row: WrittenColumns): WrittenPair {
  const record = rowToRecord(row)
  if (row.v_serial === null) return { row: row.row_no, record, before: undefined }
  return {
    row: row.row_no,
    record,
    before: {
      ...record,
      serial: row.v_serial,
      kind: row.v_kind,
      values: row.v_values,
      aliases: row.v_aliases,
      submitter: row.v_submitter,
      basis: row.v_basis,
      successor: row.v_successor,
      gone: row.v_gone,
    },
  }
}
