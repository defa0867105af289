import type { JobPatch, JobPrefix, JobRow, JobRows, JobWrites } from '../../registry/jobs/parts.ts'
import type { Database, Parameter, Queries } from './database.ts'
import { pageOf, readCursor } from './page.ts'

const columns = `id, target, mode, dry_run, state, task, caller, format, columns, charset, sha256, byte_count, row_count,
  added, changed, unchanged, refused, reached, ahead, last_row, undone_by, cancel_asked, reason, receipt, idempotency_key,
  created_at, updated_at, ended_at`

/** Jobs and who works on them. Leases are counted by the database's clock, which all processes share. */
export function makeJobRows(database: Database): JobRows {
  return {
    async insert(job, lease) {
      const rows = await database.query(
        `insert into jobs (id, target, mode, dry_run, state, task, caller, client, subject, format, columns, byte_count,
           row_count, added, changed, unchanged, refused, reached, last_row, cancel_asked, idempotency_key, lease,
           lease_until, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '[]', 0, 0, 0, 0, 0, 0, 0, 0, false, $11, $12,
           ${leaseEnd('$13')}, $14, $14)
         on conflict do nothing returning id`,
        [
          job.id,
          job.target,
          job.mode,
          job.isDryRun,
          job.state,
          job.task,
          JSON.stringify(job.caller),
          job.caller.id,
          job.caller.subject,
          job.format,
          job.idempotencyKey,
          lease.holder,
          lease.ms,
          job.createdAt,
        ],
      )
      return rows.length > 0
    },

    async find(id) {
      const [row] = await database.query<Row>(`select ${columns} from jobs where id = $1`, [id])
      return row && rowToJob(row)
    },

    async findByKey(client, idempotencyKey) {
      const [row] = await database.query<Row>(
        `select ${columns} from jobs where client = $1 and idempotency_key = $2`,
        [client, idempotencyKey],
      )
      return row && rowToJob(row)
    },

    async list({ of }, { cursor, limit }) {
      const rows = await database.query<Row>(
        `select ${columns} from jobs
         where ($1::text is null or client = $1 or subject = $2) and ($3::text is null or id < $3)
         order by id desc limit $4`,
        [
          of?.client ?? null,
          of?.subject ?? null,
          cursor === undefined ? null : readCursor(cursor),
          limit + 1,
        ],
      )
      return pageOf(rows, limit, rowToJob, row => row.id)
    },

    async waiting(client) {
      const [row] = await database.query<{ own: number; all: number }>(
        `select count(*) filter (where client = $1) as own, count(*) as all from jobs where task is not null`,
        [client],
      )
      return row ?? { own: 0, all: 0 }
    },

    async claim(lease) {
      const [row] = await database.query<Row>(
        `update jobs set lease = $1, lease_until = ${leaseEnd('$2')}
         where id = (
           select id from jobs
           where task is not null and (lease_until is null or lease_until < clock_timestamp())
           order by created_at limit 1 for update skip locked
         )
         returning ${columns}`,
        [lease.holder, lease.ms],
      )
      return row && rowToJob(row)
    },

    async renew(id, lease) {
      const rows = await database.query(
        `update jobs set lease_until = ${leaseEnd('$3')} where id = $1 and lease = $2 returning id`,
        [id, lease.holder, lease.ms],
      )
      return rows.length > 0
    },

    async patch(id, holder, patch, keep) {
      const letGo = keep === 'lease' ? '' : ', lease = null, lease_until = null'
      const { sets, parameters } = setsOf(patch, 2)
      const rows = await database.query(
        `update jobs set updated_at = clock_timestamp()${sets}${letGo}
         where id = $1 and lease = $2 returning id`,
        [id, holder, ...parameters],
      )
      return rows.length > 0
    },

    async freeKeys(before) {
      await database.query(
        `update jobs set idempotency_key = null
         where idempotency_key is not null and created_at < $1 and task is null`,
        [before],
      )
    },

    newerPrefixes: (job, limit) =>
      database.query<{ row: number; prefix: string }>(
        `select w.row_no as row, w.prefix from job_prefixes w
         where w.job = $1 and not exists (
           select from prefixes p where p.system = w.system and p.prefix = w.prefix and p.serial = w.serial)
         order by w.row_no limit $2`,
        [job, limit],
      ),

    async prefixCount(job) {
      const [row] = await database.query<{ count: number }>(
        'select count(*) as count from job_prefixes where job = $1',
        [job],
      )
      return row?.count ?? 0
    },

    async forgetPrefixes(job) {
      await database.query('delete from job_prefixes where job = $1', [job])
    },

    async outlived(before, limit) {
      const rows = await database.query<{ id: string }>(
        `select id from jobs j
         where ended_at < $1 and task is null and (
           exists (select from staged_rows s where s.owner = j.id)
           or exists (select from staged_refusals f where f.owner = j.id)
         )
         order by ended_at limit $2`,
        [before, limit],
      )
      return rows.map(({ id }) => id)
    },
  }
}

export function jobWrites(queries: Queries, at: Date): JobWrites {
  return {
    async lock(id) {
      const [row] = await queries.query<Row>(
        `select ${columns} from jobs where id = $1 for update`,
        [id],
      )
      return row && rowToJob(row)
    },

    async lockLeased(id, { holder, ms }) {
      const [row] = await queries.query<Row>(
        `update jobs set lease_until = ${leaseEnd('$3')} where id = $1 and lease = $2 returning ${columns}`,
        [id, holder, ms],
      )
      return row && rowToJob(row)
    },

    async isCancelAsked(id) {
      const [row] = await queries.query<{ cancel_asked: boolean }>(
        'select cancel_asked from jobs where id = $1',
        [id],
      )
      return row?.cancel_asked ?? false
    },

    async patch(id, patch) {
      const { sets, parameters } = setsOf(patch, 2)
      // Another task is anybody's.
      const letGo = patch.task === undefined ? '' : ', lease = null, lease_until = null'
      await queries.query(`update jobs set updated_at = $2${sets}${letGo} where id = $1`, [
        id,
        at,
        ...parameters,
      ])
    },

    async putPrefix(job, { row, system, prefix, serial, before }) {
      await queries.query(
        'insert into job_prefixes (job, row_no, system, prefix, serial, before) values ($1, $2, $3, $4, $5, $6)',
        [job, row, system, prefix, serial, before && JSON.stringify(before)],
      )
    },

    prefixes: (job, { after, upTo }) =>
      queries.query<JobPrefix>(
        `select row_no as row, system, prefix, serial, before from job_prefixes
         where job = $1 and row_no > $2 and row_no <= $3 order by row_no`,
        [job, after, upTo],
      ),
  }
}

/** @param ms a parameter */
function leaseEnd(ms: string): string {
  return `clock_timestamp() + make_interval(secs => ${ms}::float8 / 1000)`
}

/** What of a patch is written, behind so many parameters of the statement's own. */
function setsOf(patch: JobPatch, before: number): { sets: string; parameters: Parameter[] } {
  const { counts, ...rest } = patch
  const cells: Partial<Record<string, Parameter>> = {
    ...(counts && {
      row_count: counts.rows,
      added: counts.added,
      changed: counts.changed,
      unchanged: counts.unchanged,
      refused: counts.refused,
    }),
  }
  for (const [member, value] of Object.entries(rest)) {
    const column = columnOf[member as keyof typeof columnOf]
    cells[column] = toParameter(value)
  }
  const names = Object.keys(cells)
  return {
    sets: names.map((name, at) => `, ${name} = $${before + at + 1}`).join(''),
    parameters: Object.values(cells) as Parameter[],
  }
}

const columnOf = {
  isDryRun: 'dry_run',
  state: 'state',
  task: 'task',
  columns: 'columns',
  charset: 'charset',
  sha256: 'sha256',
  byteCount: 'byte_count',
  reached: 'reached',
  ahead: 'ahead',
  lastRow: 'last_row',
  undoneBy: 'undone_by',
  cancelAsked: 'cancel_asked',
  reason: 'reason',
  receipt: 'receipt',
  idempotencyKey: 'idempotency_key',
  endedAt: 'ended_at',
} as const satisfies Record<Exclude<keyof JobPatch, 'counts'>, string>

function toParameter(value: JobPatch[keyof JobPatch]): Parameter {
  if (value === undefined || value === null) return null
  if (Buffer.isBuffer(value) || value instanceof Date) return value
  return typeof value === 'object' ? JSON.stringify(value) : value
}

interface Row {
  id: string
  target: JobRow['target']
  mode: JobRow['mode']
  dry_run: boolean
  state: JobRow['state']
  task: JobRow['task']
  caller: JobRow['caller']
  format: JobRow['format']
  columns: readonly string[]
  charset: string | null
  sha256: Buffer | null
  byte_count: number
  row_count: number
  added: number
  changed: number
  unchanged: number
  refused: number
  reached: number
  ahead: readonly number[]
  last_row: number
  undone_by: JobRow['undoneBy']
  cancel_asked: boolean
  reason: JobRow['reason']
  receipt: string | null
  idempotency_key: string | null
  created_at: Date
  updated_at: Date
  ended_at: Date | null
}

function rowToJob(row: Row): JobRow {
  const { added, changed, unchanged, refused } = row
  return {
    id: row.id,
    target: row.target,
    mode: row.mode,
    isDryRun: row.dry_run,
    state: row.state,
    task: row.task,
    caller: row.caller,
    format: row.format,
    columns: row.columns,
    charset: row.charset,
    sha256: row.sha256,
    byteCount: row.byte_count,
    counts: { rows: row.row_count, added, changed, unchanged, refused },
    reached: row.reached,
    ahead: row.ahead,
    lastRow: row.last_row,
    undoneBy: row.undone_by,
    cancelAsked: row.cancel_asked,
    reason: row.reason,
    receipt: row.receipt,
    idempotencyKey: row.idempotency_key,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at,
  }
}
