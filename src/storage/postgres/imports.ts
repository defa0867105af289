import { Failure } from '../../model/failures.ts'
import type { BasicsRow } from '../../registry/applications/parts.ts'
import type {
  BasicRow,
  GrantRow,
  ImportLedger,
  ImportReads,
  ImportRow,
  SourceRow,
  WrittenRow,
} from '../../registry/imports/rows.ts'
import type { Queries } from './database.ts'

export const grantColumns = `id, source, target, prefixes, tables, fields, rows_max as "rowsMax", rows_used as "rowsUsed",
  begins_at as "beginsAt", ends_at as "endsAt", token, signer, added_at as "addedAt", added_by as "addedBy",
  revoked_at as "revokedAt", revoked_by as "revokedBy", reason`

export const sourceColumns = `source, seq, digest, done_seq as "doneSeq", done_at as "doneAt", gap_since as "gapSince",
  pulled_at as "pulledAt"`

export const importColumns = `id, source, batch, seq, prev, digest, grant_id as "grant", signer, via, manifest, receipt, state,
  fault, is_passed_by as "isPassedBy", is_done as "isDone", rows, counts, plan_digest as "planDigest", releasers, tries,
  received_at as "receivedAt", updated_at as "updatedAt", applied_at as "appliedAt", serial`

const basicColumns = `row, basic, personal, uscc_index as "usccIndex", prefix, outcome, subject,
  former_serial as "formerSerial", candidates, answer, answered_by as "answeredBy", answered_at as "answeredAt",
  written_serial as "writtenSerial", application`

/** What of imports is read inside and outside of transactions alike. */
export function importReads(queries: Queries): ImportReads {
  return {
    async findGrant(id) {
      const [row] = await queries.query<GrantRow>(
        `select ${grantColumns} from import_grants where id = $1`,
        [id],
      )
      return row
    },

    async findSource(source) {
      const [row] = await queries.query<SourceRow>(
        `select ${sourceColumns} from import_sources where source = $1`,
        [source],
      )
      return row
    },

    async findImport(id) {
      const [row] = await queries.query<ImportRow>(
        `select ${importColumns} from imports where id = $1`,
        [id],
      )
      return row
    },

    findSent: (source, seq, batch) =>
      queries.query<ImportRow>(
        `select ${importColumns} from imports
         where source = $1 and (seq = $2 or batch = $3) and not is_passed_by order by seq <> $2`,
        [source, seq, batch],
      ),

    async findBySeq(source, seq) {
      const [row] = await queries.query<ImportRow>(
        `select ${importColumns} from imports where source = $1 and seq = $2 and not is_passed_by`,
        [source, seq],
      )
      return row
    },

    async waitingOf(source) {
      const [row] = await queries.query<{ count: number; behindGap: number }>(
        `select count(*) as count, count(*) filter (where state = 'parked') as "behindGap"
         from imports where source = $1 and not is_done`,
        [source],
      )
      return row ?? { count: 0, behindGap: 0 }
    },

    basicsOf: (id, { after, limit, outcome }) =>
      queries.query<BasicRow>(
        `select ${basicColumns} from import_basics
         where import = $1 and row > $2 and ($3::text is null or outcome = $3) order by row limit $4`,
        [id, after, outcome ?? null, limit],
      ),

    async findBasic(id, row) {
      const [found] = await queries.query<BasicRow>(
        `select ${basicColumns} from import_basics where import = $1 and row = $2`,
        [id, row],
      )
      return found
    },

    writtenBy: id =>
      queries.query<WrittenRow>(
        'select target, row, serial, before from import_writes where import = $1 order by target desc',
        [id],
      ),
  }
}

type ImportWrites = Pick<
  ImportLedger,
  | 'insertGrant'
  | 'lockGrant'
  | 'putGrant'
  | 'lockSource'
  | 'putSource'
  | 'insertImport'
  | 'lockImport'
  | 'putImport'
  | 'putBasic'
  | 'basicsAt'
  | 'putWritten'
>

export function importWrites(queries: Queries): ImportWrites {
  return { ...grantWrites(queries), ...batchWrites(queries), ...rowWrites(queries) }
}

function grantWrites(
  queries: Queries,
): Pick<ImportWrites, 'insertGrant' | 'lockGrant' | 'putGrant'> {
  return {
    async insertGrant(grant) {
      const rows = await queries.query(
        `insert into import_grants (id, source, target, prefixes, tables, fields, rows_max, rows_used, begins_at, ends_at,
           token, signer, added_at, added_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict do nothing returning id`,
        [
          grant.id,
          grant.source,
          grant.target,
          grant.prefixes,
          grant.tables,
          JSON.stringify(grant.fields),
          grant.rowsMax,
          grant.rowsUsed,
          grant.beginsAt,
          grant.endsAt,
          grant.token,
          grant.signer,
          grant.addedAt,
          grant.addedBy,
        ],
      )
      return rows.length > 0
    },

    async lockGrant(id) {
      const [row] = await queries.query<GrantRow>(
        `select ${grantColumns} from import_grants where id = $1 for update`,
        [id],
      )
      return row
    },

    async putGrant({ id, rowsUsed, revokedAt, revokedBy, reason }) {
      await queries.query(
        `update import_grants set rows_used = $2, revoked_at = $3, revoked_by = $4, reason = $5 where id = $1`,
        [id, rowsUsed, revokedAt, revokedBy, reason],
      )
    },
  }
}

function batchWrites(
  queries: Queries,
): Pick<ImportWrites, 'lockSource' | 'putSource' | 'insertImport' | 'lockImport' | 'putImport'> {
  return {
    async lockSource(source) {
      await queries.query(
        'insert into import_sources (source, seq, done_seq) values ($1, 0, 0) on conflict do nothing',
        [source],
      )
      const [row] = await queries.query<SourceRow>(
        `select ${sourceColumns} from import_sources where source = $1 for update`,
        [source],
      )
      return row as SourceRow
    },

    async putSource({ source, seq, digest, doneSeq, doneAt, gapSince, pulledAt }) {
      await queries.query(
        `update import_sources set seq = $2, digest = $3, done_seq = $4, done_at = $5, gap_since = $6, pulled_at = $7
         where source = $1`,
        [source, seq, digest, doneSeq, doneAt, gapSince, pulledAt],
      )
    },

    async insertImport(row, signed) {
      const rows = await queries.query(
        `insert into imports (id, source, batch, seq, prev, digest, grant_id, signer, via, manifest, signed, receipt, state,
           fault, is_passed_by, is_done, rows, counts, releasers, tries, received_at, updated_at, serial)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
         on conflict do nothing returning id`,
        [
          row.id,
          row.source,
          row.batch,
          row.seq,
          row.prev,
          row.digest,
          row.grant,
          row.signer,
          row.via,
          JSON.stringify(row.manifest),
          signed,
          JSON.stringify(row.receipt),
          row.state,
          row.fault && JSON.stringify(row.fault),
          row.isPassedBy,
          row.isDone,
          row.rows,
          JSON.stringify(row.counts),
          row.releasers,
          row.tries,
          row.receivedAt,
          row.updatedAt,
          row.serial,
        ],
      )
      if (rows.length === 0) throw new Failure('ALREADY_EXISTS')
    },

    async lockImport(id) {
      const [row] = await queries.query<ImportRow>(
        `select ${importColumns} from imports where id = $1 for update`,
        [id],
      )
      return row
    },

    async putImport(row) {
      await queries.query(
        `update imports set state = $2, fault = $3, is_passed_by = $4, is_done = $5, counts = $6, plan_digest = $7,
           releasers = $8, tries = $9, updated_at = $10, applied_at = $11, serial = $12
         where id = $1`,
        [
          row.id,
          row.state,
          row.fault && JSON.stringify(row.fault),
          row.isPassedBy,
          row.isDone,
          JSON.stringify(row.counts),
          row.planDigest,
          row.releasers,
          row.tries,
          row.updatedAt,
          row.appliedAt,
          row.serial,
        ],
      )
    },
  }
}

function rowWrites(queries: Queries): Pick<ImportWrites, 'putBasic' | 'basicsAt' | 'putWritten'> {
  return {
    async putBasic(id, row) {
      await queries.query(putBasic, [
        id,
        row.row,
        JSON.stringify(row.basic),
        row.personal,
        row.usccIndex,
        row.prefix,
        row.outcome,
        row.subject,
        row.formerSerial,
        row.candidates,
        row.answer && JSON.stringify(row.answer),
        row.answeredBy,
        row.answeredAt,
        row.writtenSerial,
        row.application,
      ])
    },

    async basicsAt(subject, serial) {
      const [row] = await queries.query<BasicsRow>(
        `select subject, serial, basic, personal, application, valid_from as "validFrom", valid_to as "validTo"
         from subject_basics where subject = $1 and serial = $2`,
        [subject, serial],
      )
      return row
    },

    async putWritten(id, { target, row, serial, before }) {
      await queries.query(
        `insert into import_writes (import, target, row, serial, before) values ($1, $2, $3, $4, $5)`,
        [id, target, row, serial, before && JSON.stringify(before)],
      )
    },
  }
}

const putBasic = `
  insert into import_basics (import, row, basic, personal, uscc_index, prefix, outcome, subject, former_serial, candidates,
    answer, answered_by, answered_at, written_serial, application)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
  on conflict (import, row) do update
  set outcome = excluded.outcome, subject = excluded.subject, former_serial = excluded.former_serial,
    candidates = excluded.candidates, answer = excluded.answer, answered_by = excluded.answered_by,
    answered_at = excluded.answered_at, written_serial = excluded.written_serial, application = excluded.application`
