import type { ChainedAuditRow } from '../../evidence/audit-chain.ts'
import { invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

export type AuditRow = ChainedAuditRow & {
  readonly detail: Readonly<Record<string, unknown>>
  /** Hex. */
  readonly hash: string
}

export interface AuditQuery {
  /** What was written: an identifier, `prefix:<system>:<prefix>`, `client:<id>`. */
  readonly subject?: string | undefined
  readonly actor?: string | undefined
  /** RFC 3339; rows at or after it. */
  readonly since?: string | undefined
}

export interface AuditReader {
  /** Chained rows in the order of their numbers; the newest are there a moment after their commit. */
  list(query: AuditQuery, page: PageRequest): Promise<Page<AuditRow>>
}

export function makeAuditReader(database: Queries): AuditReader {
  return {
    async list({ subject, actor, since }, { cursor, limit }) {
      const rows = await database.query<Omit<AuditRow, 'at' | 'hash'> & { at: Date; hash: Buffer }>(
        `select seq, id, at, actor, role, action, target, detail, hash
         from audit
         where seq > $1 and ($2::text is null or target = $2) and ($3::text is null or actor = $3)
           and ($4::timestamptz is null or at >= $4)
         order by seq limit $5`,
        [
          cursor === undefined ? 0 : readNumber(cursor),
          subject ?? null,
          actor ?? null,
          since === undefined ? null : new Date(since),
          limit + 1,
        ],
      )
      return pageOf(
        rows,
        limit,
        row => ({ ...row, at: row.at.toISOString(), hash: row.hash.toString('hex') }),
        row => String(row.seq),
      )
    },
  }
}

function readNumber(cursor: string): number {
  const number = Number(readCursor(cursor))
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw invalid('/cursor', 'cursor', say('游标无效', 'this is no cursor of this list'))
}
