import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, type FieldError } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type {
  Appender,
  KeptRefusal,
  NewerRecord,
  PlannedRow,
  RefusedRow,
  StagedPlace,
  StagedRow,
  StagedRows,
  StagedText,
} from '../../registry/staging/parts.ts'
import { copyJson, copyLine, copyText } from './copy-line.ts'
import type { Database, Queries } from './database.ts'
import { type RecordRow, recordColumns, rowToRecord } from './record-rows.ts'
import { digestsOf } from './reverse.ts'

/** Kept in memory while an owner's rows arrive, some 10 MB when full: a file of a million rows has a handful. */
const placesMax = 100_000
/** Rows forgotten in one step: small enough that nobody waits for it. */
const rowsPerDrop = 5_000
/** Whole-file questions over a million rows; nobody's request waits for them. */
const longStatementMs = 10 * 60_000

/** Staged rows, each call committed by itself. */
export function makeStagedRows(database: Database): StagedRows {
  return {
    append: owner => makeAppender(database, owner),

    refuseRepeated: owner =>
      database.transaction(
        async queries => {
          const rows = await queries.query(
            `insert into staged_refusals (owner, row_no, error)
             select $1, row_no, json_build_object('pointer', '/identifier', 'rule', 'row.repeated',
               'zh', format('该标识已在第 %s 行出现', first), 'en', format('the identifier is in row %s already', first))
             from (
               select row_no, min(row_no) over (partition by key) as first from staged_rows
               where owner = $1 and key in (
                 select key from staged_rows where owner = $1 group by key having count(*) > 1
               )
             ) repeated
             where row_no > first
             on conflict do nothing returning row_no`,
            [owner],
          )
          return rows.length
        },
        { statementTimeoutMs: longStatementMs },
      ),

    places: owner =>
      database.query<StagedPlace>(
        'select place, system, authority, prefix from staged_places where owner = $1 order by place',
        [owner],
      ),

    async plan({ id }, after, limit) {
      const rows = await database.query<PlannedColumns>(
        `select ${plannedColumns}
         from staged_rows s join staged_places p on p.owner = s.owner and p.place = s.place
         left join records r on r.key = s.key
         where s.owner = $1 and s.row_no > $2 and ${notRefused}
         order by s.row_no limit $3`,
        [id, after, limit],
      )
      return rows.map(rowToPlanned)
    },

    async lastRow(owner) {
      const [row] = await database.query<{ last: number }>(
        `select greatest((select coalesce(max(row_no), 0) from staged_rows where owner = $1),
           (select coalesce(max(row_no), 0) from staged_refusals where owner = $1)) as last`,
        [owner],
      )
      return row?.last ?? 0
    },

    async refused(owner, after, limit) {
      const rows = await database.query<RefusalColumns>(
        `select f.row_no as f_row_no, f.error, f.cells::text as cells, ${plannedColumns}
         from staged_refusals f
         left join staged_rows s on s.owner = f.owner and s.row_no = f.row_no
         left join staged_places p on p.owner = s.owner and p.place = s.place
         left join records r on false
         where f.owner = $1 and f.row_no > $2 order by f.row_no limit $3`,
        [owner, after, limit],
      )
      return rows.map(rowToRefused)
    },

    async refusedCount(owner) {
      const [row] = await database.query<{ count: number }>(
        'select count(*) as count from staged_refusals where owner = $1',
        [owner],
      )
      return row?.count ?? 0
    },

    newerThan: (owner, range, limit) =>
      database.query<NewerRecord>(
        `select s.row_no as row, s.identifier
         from staged_rows s
         where s.owner = $1 and s.row_no > $2 and s.row_no <= $3
           and exists (select from record_versions v where v.key = s.key and v.source = $1)
         order by s.row_no limit $4`,
        [owner, range.after, range.upTo, limit],
      ),

    refuse: (owner, refused) => insertRefusals(database, owner, refused),

    async drop(owner) {
      const rows = await database.query(
        `delete from staged_rows where owner = $1 and row_no in (
           select row_no from staged_rows where owner = $1 order by row_no limit $2
         ) returning row_no`,
        [owner, rowsPerDrop],
      )
      if (rows.length > 0) return true
      const refusals = await database.query(
        `delete from staged_refusals where owner = $1 and row_no in (
           select row_no from staged_refusals where owner = $1 order by row_no limit $2
         ) returning row_no`,
        [owner, rowsPerDrop],
      )
      if (refusals.length > 0) return true
      await database.query('delete from staged_places where owner = $1', [owner])
      return false
    },
  }
}

function makeAppender(database: Database, owner: string): Appender {
  const places = new Map<string, number>()
  let added: StagedPlace[] = []
  let chunks: Buffer[] = []
  let lines = ''
  let firstRow: number | undefined

  function placeOf({ system, authority, prefix }: StagedRow): number {
    const name = `${system} ${prefix} ${authority}`
    const known = places.get(name)
    if (known !== undefined) return known
    const place = places.size + 1
    if (place > placesMax) throw tooManyPlaces()
    places.set(name, place)
    added.push({ place, system, authority, prefix })
    return place
  }

  function hold(row: StagedRow | StagedText): void {
    firstRow ??= row.row
    lines += 'text' in row ? lineOfText(owner, row) : lineOf(owner, row, placeOf(row))
    if (lines.length >= chunkCharacters) packLines()
  }

  /** Text that waits in bytes costs the garbage collector nothing; as pieces of strings it would cost as much as the rest. */
  function packLines(): void {
    chunks.push(Buffer.from(lines))
    lines = ''
  }

  async function commit(refused: readonly RefusedRow[]): Promise<void> {
    packLines()
    const [newChunks, newPlaces, from] = [chunks, added, firstRow]
    chunks = []
    added = []
    firstRow = undefined
    const write = (again: boolean) =>
      database.transaction(
        async queries => {
          // Whether the former attempt was committed is not known.
          if (again && from !== undefined) await forgetFrom(queries, owner, from)
          await insertPlaces(queries, owner, newPlaces)
          if (from !== undefined) await queries.copy(copyRows, each(newChunks))
          await insertRefusals(queries, owner, refused)
        },
        { statementTimeoutMs: longStatementMs, copies: true },
      )
    await patiently(write)
  }

  return { hold, commit }
}

/** A file that arrives for minutes outlives a store that is away for seconds. */
async function patiently(write: (again: boolean) => Promise<void>): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await write(attempts > 1)
    } catch (error) {
      const isAway = error instanceof Failure && error.code === 'STORE_AWAY'
      if (!isAway || attempts === attemptsMax) throw error
      await sleep(attemptPauseMs * attempts)
    }
  }
}

const attemptsMax = 5
const attemptPauseMs = 500

/** Rows come in their order: what an attempt may have written is everything from its first row on. */
async function forgetFrom(queries: Queries, owner: string, row: number): Promise<void> {
  await queries.query('delete from staged_rows where owner = $1 and row_no >= $2', [owner, row])
}

const copyRows = `copy staged_rows (owner, row_no, place, op, key, identifier, kind, "values", aliases, successor, digests)
  from stdin`

/** Lines of so many characters are one message. */
const chunkCharacters = 32_768

async function* each(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

function lineOfText(owner: string, { row, key, text }: StagedText): string {
  const no = copyText(null)
  return copyLine([owner, row, 0, 'text', copyText(key), '', no, copyText(text), no, no, no])
}

function lineOf(owner: string, row: StagedRow, place: number): string {
  const digests = digestsOf(row)
  return copyLine([
    owner,
    row.row,
    place,
    row.op,
    copyText(row.key),
    copyText(row.identifier),
    copyText(row.kind),
    copyJson(JSON.stringify(row.values)),
    copyJson(row.aliases.length === 0 ? null : JSON.stringify(row.aliases)),
    copyText(row.successor === null ? '' : (row.successor ?? null)),
    digests.length === 0 ? copyText(null) : `{${digests.join()}}`,
  ])
}

async function insertPlaces(
  queries: Queries,
  owner: string,
  places: readonly StagedPlace[],
): Promise<void> {
  if (places.length === 0) return
  await queries.query(
    `insert into staged_places (owner, place, system, authority, prefix)
     select $1, place, system, authority, prefix
     from json_to_recordset($2::json) as p (place integer, system text, authority text, prefix text)
     on conflict do nothing`,
    [owner, JSON.stringify(places)],
  )
}

export async function insertRefusals(
  queries: Queries,
  owner: string,
  refused: readonly RefusedRow[],
): Promise<void> {
  if (refused.length === 0) return
  await queries.query(
    `insert into staged_refusals (owner, row_no, error, cells)
     select $1, row_no, error, cells::json
     from unnest($2::bigint[], $3::json[], $4::text[]) as f (row_no, error, cells)
     on conflict do nothing`,
    [
      owner,
      refused.map(({ row }) => row),
      refused.map(({ error }) => errorToJson(error)),
      refused.map(({ cells }) => cells),
    ],
  )
}

export function errorToJson({ pointer, rule, detail }: FieldError): string {
  return JSON.stringify({ pointer, rule, zh: detail.zh, en: detail.en })
}

interface RefusalColumns extends Omit<PlannedColumns, 'op'> {
  op: StagedRow['op'] | 'text'
  f_row_no: number
  error: { pointer: string; rule: string; zh: string; en: string }
  cells: string | null
}

function rowToRefused(columns: RefusalColumns): KeptRefusal {
  const { f_row_no: row, error, cells } = columns
  const { pointer, rule, zh, en } = error
  return { row, error: { pointer, rule, detail: { zh, en } }, cells, staged: stagedIn(columns) }
}

/** Without a staged row its columns are null. */
function stagedIn(columns: RefusalColumns): KeptRefusal['staged'] {
  if (columns.s_values === null) return undefined
  if (columns.op !== 'text') return rowToPlanned({ ...columns, op: columns.op }).row
  return { row: columns.row_no, key: columns.s_key, text: columns.s_values }
}

/** The range is said twice, so that the refusals of a big file are not all looked through for each slice. */
export const notRefused = `not exists (
  select from staged_refusals f where f.owner = s.owner and f.row_no = s.row_no)`

/** A staged row `s` at its place `p`, and the record `r` that is there. */
export const plannedColumns = `s.row_no, s.op, s.key as s_key, s.identifier as s_identifier, s.kind as s_kind,
  s.values as s_values, s.aliases as s_aliases, s.successor as s_successor, p.system as s_system,
  p.authority as s_authority, p.prefix as s_prefix, r.source, ${recordColumns}`

export interface PlannedColumns extends Omit<RecordRow, 'key'> {
  row_no: number
  op: StagedRow['op']
  s_key: string
  s_identifier: string
  s_kind: StagedRow['kind']
  s_values: string | null
  s_aliases: string | null
  s_successor: string | null
  s_system: StagedRow['system']
  s_authority: string
  s_prefix: string
  source: string | null
  key: string | null
}

export function rowToPlanned(columns: PlannedColumns): PlannedRow {
  const { key } = columns
  return {
    row: {
      row: columns.row_no,
      op: columns.op,
      key: columns.s_key,
      identifier: columns.s_identifier,
      system: columns.s_system,
      authority: columns.s_authority,
      prefix: columns.s_prefix,
      kind: columns.s_kind,
      values: JSON.parse(columns.s_values ?? '[]'),
      aliases: columns.s_aliases === null ? [] : JSON.parse(columns.s_aliases),
      successor: columns.s_successor === '' ? null : (columns.s_successor ?? undefined),
    },
    before: key === null ? undefined : rowToRecord({ ...columns, key }),
    beforeSource: columns.source,
  }
}

function tooManyPlaces(): Failure {
  return new Failure(
    'TOO_LARGE',
    say(
      `一个文件中的标识至多分属 ${placesMax} 个前缀，请分成几个文件`,
      `the identifiers of one file lie under at most ${placesMax} prefixes: make it several files`,
    ),
  )
}
