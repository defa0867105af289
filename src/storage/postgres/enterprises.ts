import type { FilingLedger, SubjectRow } from '../../registry/applications/parts.ts'
import type { Queries } from './database.ts'

const subjectColumns = `id, code, name, status, successor, region, industry, grade, status_reason as "statusReason",
  status_at as "statusAt"`

export async function findSubject(queries: Queries, id: string): Promise<SubjectRow | undefined> {
  const [subject] = await queries.query<SubjectRow>(
    `select ${subjectColumns} from subjects where id = $1`,
    [id],
  )
  return subject
}

export function subjectWrites(
  queries: Queries,
  at: Date,
): Pick<FilingLedger, 'lockSubject' | 'updateSubject'> {
  return {
    async lockSubject(id) {
      const [subject] = await queries.query<SubjectRow>(
        `select ${subjectColumns} from subjects where id = $1 for update`,
        [id],
      )
      return subject
    },

    async updateSubject(subject) {
      await queries.query(
        `update subjects set name = $2, status = $3, successor = $4, region = $5, industry = $6, grade = $7,
           status_reason = $8, status_at = $9, epoch = epoch + 1, updated_at = $10
         where id = $1`,
        [
          subject.id,
          subject.name,
          subject.status,
          subject.successor,
          subject.region,
          subject.industry,
          subject.grade,
          subject.statusReason,
          subject.statusAt,
          at,
        ],
      )
    },
  }
}
