import type {
  FileReads,
  FileRow,
  FileUsage,
  FileWrites,
  LicenceRow,
} from '../../registry/files/parts.ts'
import type { Queries } from './database.ts'

const fileColumns = `id, kind, byte_count as "byteCount", sha256, sm3, uploader, uploader_subject as "uploaderSubject",
  sealed_for as "sealedFor", created_at as "createdAt"`

export function fileReads(queries: Queries): FileReads {
  return {
    async findFile(id) {
      const [row] = await queries.query<FileRow>(`select ${fileColumns} from files where id = $1`, [
        id,
      ])
      return row
    },

    async findSame(uploader, sha256) {
      const [row] = await queries.query<FileRow>(
        `select ${fileColumns} from files where uploader = $1 and sha256 = $2`,
        [uploader, sha256],
      )
      return row
    },

    async partiesOf(id) {
      const rows = await queries.query<PartiesRow>(selectParties, [id])
      return {
        isNamed: rows.length > 0,
        clients: rows.flatMap(({ clients }) => clients),
        subjects: rows.flatMap(({ subjects }) => subjects),
      }
    },

    async contentOf(id) {
      const [row] = await queries.query<{ content: Buffer }>(
        'select content from files where id = $1',
        [id],
      )
      return row?.content
    },

    async usageOf(uploader, since) {
      const [row] = await queries.query<FileUsage>(
        `select coalesce(sum(byte_count) filter (where created_at > $2), 0)::int8 as "byteCount",
           count(*) filter (where loose_since is not null) as "looseCount"
         from files where uploader = $1`,
        [uploader, since],
      )
      return row ?? { byteCount: 0, looseCount: 0 }
    },

    licencesOf: subject =>
      queries.query<LicenceRow>(
        `select file, kind, to_char(valid_from, 'YYYY-MM-DD') as "validFrom", to_char(valid_to, 'YYYY-MM-DD') as "validTo",
           application, verified_by as "verifiedBy", verified_at as "verifiedAt"
         from licences where subject = $1 order by verified_at, file`,
        [subject],
      ),
  }
}

interface PartiesRow {
  readonly clients: readonly string[]
  readonly subjects: readonly string[]
}

/**
 * Whose business a file is, by what names it. Whoever claims a subject that has a code already is no party of its mandate
 * until a reviewer has looked.
 */
const selectParties = `
  select a.filers as clients, array_append(a.filer_subjects, a.subject) as subjects
  from file_names n join applications a on n.about = 'application:' || a.id where n.file = $1
  union all
  select array_remove(array[m.agent, case when m.subject is null or m.claim_confirmed_by is not null then m.claimant end], null),
    array_remove(array[m.agent_subject, m.subject], null)
  from file_names n join mandates m on n.about = 'mandate:' || m.id where n.file = $1
  union all
  select '{}', '{}' from file_names n where n.file = $1`

export function fileWrites(queries: Queries, at: Date): FileWrites {
  return {
    async putFile(file, sealed) {
      const { id, kind, byteCount, sha256, sm3, uploader, uploaderSubject, sealedFor } = file
      const rows = await queries.query(
        `insert into files (id, kind, byte_count, sha256, sm3, uploader, uploader_subject, sealed_for, content,
           created_at, loose_since)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         on conflict do nothing returning id`,
        [id, kind, byteCount, sha256, sm3, uploader, uploaderSubject, sealedFor, sealed, at],
      )
      return rows.length > 0
    },

    lockFiles: ids =>
      queries.query<FileRow>(
        `select ${fileColumns} from files where id = any($1) order by id for update`,
        [ids],
      ),

    async nameFiles(about, ids) {
      const dropped = await queries.query<{ file: string }>(
        'delete from file_names where about = $1 and not kept and file <> all($2) returning file',
        [about, ids],
      )
      await queries.query(
        `update files set loose_since = $2 where id = any($1) and not exists (
           select from file_names where file = files.id
         )`,
        [dropped.map(({ file }) => file), at],
      )
      await queries.query(
        `insert into file_names (file, about, kept) select id, $1, false from unnest($2::text[]) id
         on conflict do nothing`,
        [about, ids],
      )
      await queries.query('update files set loose_since = null where id = any($1)', [ids])
    },

    async keepFiles(about) {
      await queries.query('update file_names set kept = true where about = $1', [about])
    },

    async putLicences(subject, licences, { application, verifiedBy }) {
      for (const { file, kind, validFrom, validTo } of licences) {
        await queries.query(
          `insert into licences (subject, file, kind, valid_from, valid_to, application, verified_by, verified_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (subject, file) do update set kind = excluded.kind, valid_from = excluded.valid_from,
             valid_to = excluded.valid_to, application = excluded.application, verified_by = excluded.verified_by,
             verified_at = excluded.verified_at`,
          [subject, file, kind, validFrom, validTo, application, verifiedBy, at],
        )
      }
    },
  }
}
