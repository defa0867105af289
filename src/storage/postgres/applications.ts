import type { Caller } from '../../model/caller.ts'
import { invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Notice } from '../../registry/applications/notices.ts'
import type {
  ApplicationReads,
  ApplicationRow,
  BasicsRow,
  FilingLedger,
  KnownSubject,
  Rival,
  StepRow,
} from '../../registry/applications/parts.ts'
import type { ApplicationState } from '../../registry/applications/states.ts'
import type { ApplicationSummary } from '../../registry/applications/view.ts'
import type { Queries, TransactionQueries } from './database.ts'
import { type LastStatement, withNews } from './last-statement.ts'
import { findMandate } from './mandates.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'
import { makeRowId } from './row-ids.ts'

const applicationColumns = `id, kind, state, serial, subject, name, uscc_index as "usccIndex", basic, personal, consent,
  evidence, proof, mandate, filer, filers, filer_subjects as "filerSubjects", reviewer, endorsed_by as "endorsedBy", comments, note,
  code, due_at as "dueAt", created_at as "createdAt", updated_at as "updatedAt"`

/** What of applications is read inside and outside of transactions alike. */
export function applicationReads(queries: Queries): ApplicationReads {
  return {
    async findApplication(id) {
      const [row] = await queries.query<ApplicationRow>(
        `select ${applicationColumns} from applications where id = $1`,
        [id],
      )
      return row
    },

    stepsOf: application =>
      queries.query<StepRow>(
        `select serial, at, actor, role, step, state, comments, note
         from application_steps where application = $1 order by serial`,
        [application],
      ),

    rivalsOf: (usccIndex, application) =>
      queries.query<Rival>(
        `select id, filer, state from applications
         where uscc_index = $1 and id <> $2 and state in ('submitted', 'reviewing', 'returned')
         order by id limit $3`,
        [usccIndex, application, rivalsMax],
      ),

    openChangesOf: (subject, application) =>
      queries.query<Rival>(
        `select id, filer, state from applications
         where subject = $1 and kind = 'change' and id <> $2 and state in ('submitted', 'reviewing', 'returned')
         order by id limit $3`,
        [subject, application, rivalsMax],
      ),

    async findSubjectByUscc(usccIndex) {
      const [row] = await queries.query<KnownSubject>(
        'select id, code, status from subjects where uscc_index = $1',
        [usccIndex],
      )
      return row
    },

    async currentBasics(subject) {
      const [row] = await queries.query<BasicsRow>(
        `select subject, serial, basic, personal, application, valid_from as "validFrom", valid_to as "validTo"
         from subject_basics where subject = $1 order by serial desc limit 1`,
        [subject],
      )
      return row
    },

    findMandate: id => findMandate(queries, id),
  }
}

/** A reviewer looks at a few; more are no conflict but an attack. */
const rivalsMax = 20

type ApplicationWrites = Pick<
  FilingLedger,
  | 'lockApplication'
  | 'putApplication'
  | 'putFiling'
  | 'putBasics'
  | 'bindClient'
  | 'endNotices'
  | 'putNotice'
>

export function applicationWrites(
  queries: TransactionQueries,
  caller: Caller,
  at: Date,
  last: LastStatement,
): ApplicationWrites {
  let noticeCount = 0

  return {
    async lockApplication(id) {
      const [row] = await queries.query<ApplicationRow>(
        `select ${applicationColumns} from applications where id = $1 for update`,
        [id],
      )
      return row
    },

    async putApplication(row, steps, how) {
      const parameters = [
        row.id,
        row.kind,
        row.state,
        row.serial,
        row.subject,
        row.name,
        row.usccIndex,
        JSON.stringify(row.basic),
        row.personal,
        JSON.stringify(row.consent),
        row.mandate,
        row.filer,
        row.filers,
        row.filerSubjects,
        row.reviewer,
        row.endorsedBy,
        JSON.stringify(row.comments),
        row.note,
        row.code,
        row.dueAt,
        at,
        JSON.stringify(row.evidence),
        row.proof && JSON.stringify(row.proof),
        caller.id,
        caller.role,
        JSON.stringify(steps),
      ]
      if (how === 'insert') last.hold({ sql: insertApplication, parameters })
      else queries.send(updateApplication, parameters)
    },

    async putFiling(row) {
      queries.send(
        `insert into application_filings (application, serial, at, actor, basic, personal, consent, declared, mandate,
           evidence, proof)
         values ($1, $2, $3, $4, $5, $6, $7, true, $8, $9, $10)`,
        [
          row.id,
          row.serial,
          at,
          caller.id,
          JSON.stringify(row.basic),
          row.personal,
          JSON.stringify(row.consent),
          row.mandate,
          JSON.stringify(row.evidence),
          row.proof && JSON.stringify(row.proof),
        ],
      )
    },

    async putBasics({ subject, serial, basic, personal, application }) {
      queries.send(
        'update subject_basics set valid_to = $2 where subject = $1 and valid_to is null',
        [subject, at],
      )
      queries.send(
        `insert into subject_basics (subject, serial, basic, personal, application, valid_from)
         values ($1, $2, $3, $4, $5, $6)`,
        [subject, serial, JSON.stringify(basic), personal, application, at],
      )
    },

    async bindClient(client, subject) {
      const rows = await queries.query(
        `with bound as (
           update clients set subject = $2
           where id = $1 and role = 'enterprise' and (subject is null or subject = $2) returning id
         ), bound_person as (
           update accounts set subject = $2
           where id = $1 and role = 'enterprise' and (subject is null or subject = $2) returning id
         )
         select id from bound union all select id from bound_person`,
        [client, subject],
      )
      return rows.length > 0
    },

    async endNotices(about) {
      queries.send('update notices set ends_at = $2 where about = $1 and ends_at is null', [
        about,
        at,
      ])
    },

    async putNotice({ topic, about, name, to, dueAt, endsAt }) {
      queries.send(
        `insert into notices (id, at, topic, about, name, to_client, to_subject, to_role, not_client, due_at, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          makeRowId(at, noticeCount++),
          at,
          topic,
          about,
          name,
          'client' in to ? to.client : null,
          'subject' in to ? to.subject : null,
          'role' in to ? to.role : null,
          'role' in to ? (to.but ?? null) : null,
          dueAt,
          endsAt,
        ],
      )
    },
  }
}

/** The steps beside the application they were taken with, in one statement: filing is counted in round trips. */
const steps = `
  step as (
    insert into application_steps (application, serial, at, actor, role, step, state, comments, note)
    select $1, serial, $21, $24, $25, step, state, comments, note
    from json_to_recordset($26::json) as taken (serial bigint, step text, state text, comments json, note text)
  )`

const insertApplication = withNews(
  `${steps}, application as (
    insert into applications (id, kind, state, serial, subject, name, uscc_index, basic, personal, consent, mandate,
      filer, filers, filer_subjects, reviewer, endorsed_by, comments, note, code, due_at, created_at, updated_at,
      evidence, proof)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $21, $22,
      $23)
  )`,
  26,
)

const updateApplication = `with ${steps}
  update applications set kind = $2, state = $3, serial = $4, subject = $5, name = $6, uscc_index = $7, basic = $8,
    personal = $9, consent = $10, mandate = $11, filer = $12, filers = $13, filer_subjects = $14, reviewer = $15,
    endorsed_by = $16, comments = $17, note = $18, code = $19, due_at = $20, updated_at = $21,
    evidence = $22, proof = $23
  where id = $1`

export interface ApplicationFilter {
  /** Only what this client filed, or what is about this subject; absent: everybody's. */
  readonly of?: { readonly client: string; readonly subject: string | null }
  readonly states: readonly ApplicationState[]
  readonly reviewer?: string | undefined
}

export interface ApplicationLists {
  /** By deadline, those without one last. */
  applications(filter: ApplicationFilter, page: PageRequest): Promise<Page<ApplicationSummary>>
  /** For the caller itself, its subject and its role, as far as they are not over at that time. */
  notices(
    caller: Pick<Caller, 'id' | 'role' | 'subject'>,
    now: Date,
    page: PageRequest,
  ): Promise<Page<Notice>>
}

export function makeApplicationLists(database: Queries): ApplicationLists {
  return {
    async applications({ of, states, reviewer }, { cursor, limit }) {
      const [afterDue = '', afterId = ''] = cursor === undefined ? beforeAll : placeIn(cursor)
      const rows = await database.query<ApplicationRow>(
        `select ${applicationColumns} from applications
         where state = any($1) and (${due}, id) > ($2::timestamptz, $3)
           and ($4::text is null or filer = $4 or subject = $5) and ($6::text is null or reviewer = $6)
         order by ${due}, id limit $7`,
        [
          states,
          afterDue,
          afterId,
          of?.client ?? null,
          of?.subject ?? null,
          reviewer ?? null,
          limit + 1,
        ],
      )
      return pageOf(
        rows,
        limit,
        rowToSummary,
        ({ dueAt, id }) => `${dueAt?.toISOString() ?? 'infinity'}|${id}`,
      )
    },

    async notices({ id, subject, role }, now, { cursor, limit }) {
      const rows = await database.query<
        Omit<Notice, 'at' | 'dueAt'> & { at: Date; dueAt: Date | null }
      >(
        `select id, at, topic, about, name, due_at as "dueAt" from notices
         where id > $1 and (ends_at is null or ends_at > $2)
           and (to_client = $3 or to_subject = $4 or (to_role = $5 and not_client is distinct from $3))
         order by id limit $6`,
        [cursor === undefined ? '' : readCursor(cursor), now, id, subject, role, limit + 1],
      )
      return pageOf(
        rows,
        limit,
        row => ({ ...row, at: row.at.toISOString(), dueAt: row.dueAt?.toISOString() ?? null }),
        row => row.id,
      )
    },
  }
}

const due = "coalesce(due_at, 'infinity'::timestamptz)"
const beforeAll = ['-infinity', '']

/** The deadline and id of the last row shown. */
function placeIn(cursor: string): readonly string[] {
  const place = readCursor(cursor).split('|')
  const isPlace = place.length === 2 && /^(infinity|\d{4}-[\d:.TZ-]{19,20})$/.test(place[0] ?? '')
  if (isPlace) return place
  throw invalid('/cursor', 'cursor', say('游标无效', 'this is no cursor of this list'))
}

function rowToSummary(row: ApplicationRow): ApplicationSummary {
  const { id, kind, state, serial, name, filer, reviewer, endorsedBy, code } = row
  return {
    id,
    kind,
    state,
    serial,
    name,
    filer,
    reviewer,
    endorsedBy,
    code,
    dueAt: row.dueAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  }
}
