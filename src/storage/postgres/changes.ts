import type { Change } from '../../model/change.ts'
import type { DirectoryRows } from '../../registry/parts.ts'
import type { Queries } from './database.ts'

export type NumberedChange = Change & { readonly directory: DirectoryRows | null }

interface ChangeRow extends Omit<NumberedChange, 'at'> {
  at: Date
}

export interface ChangeReader {
  /** Changes with a number above `since`, in order. */
  after(since: number, limit: number): Promise<NumberedChange[]>
  /** The newest number given and the oldest still kept; 0 and 1 where nothing was written yet. */
  range(): Promise<{ newest: number; oldest: number }>
}

/** Reads committed, numbered changes. Whoever has read number n has read all below it that are kept. */
export function makeChangeReader(database: Queries): ChangeReader {
  return {
    async after(since, limit) {
      const rows = await database.query<ChangeRow>(
        `select seq, identifier, prefix, serial, op, kind, keys, directory, at
         from changes where seq > $1 order by seq limit $2`,
        [since, limit],
      )
      return rows.map(row => ({ ...row, at: row.at.toISOString() }))
    },

    async range() {
      const [row] = await database.query<{ newest: number; oldest: number | null }>(
        `select s.change_seq as newest, (select min(seq) from changes) as oldest
         from sequence s where s.id = 1`,
      )
      const newest = row?.newest ?? 0
      return { newest, oldest: row?.oldest ?? newest + 1 }
    },
  }
}
