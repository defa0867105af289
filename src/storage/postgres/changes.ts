import type { Change, ChangeOp } from '../../model/change.ts'
import type { Kind } from '../../model/identifier.ts'
import type { DirectoryRows } from '../../registry/parts.ts'
import type { Queries } from './database.ts'

export type NumberedChange = Change & { readonly directory: DirectoryRows | null }

/** An identifier in a row that tells of many, as `changes.items` has it. */
export type ChangeItem = readonly [
  identifier: string,
  serial: number,
  op: ChangeOp,
  kind: Kind,
  ...keys: string[],
]

interface ChangeRow extends Omit<NumberedChange, 'at'> {
  readonly at: Date
  readonly count: number
  readonly items: readonly ChangeItem[] | null
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
      // As many rows as are needed for so many numbers; the items of those left out are not even read.
      const rows = await database.query<ChangeRow>(
        `select seq, identifier, prefix, serial, op, kind, keys, directory, at, count, items
         from (
           select *, sum(least(count, seq - $1)) over (order by seq rows between unbounded preceding and 1 preceding) as before
           from changes where seq > $1 order by seq limit $2
         ) c
         where before is null or before < $2 order by seq`,
        [since, limit],
      )
      return rows.flatMap(row => expand(row, since)).slice(0, limit)
    },

    async range() {
      const [row] = await database.query<{ newest: number; oldest: number | null }>(
        `select s.change_seq as newest, (
           select seq - count + 1 from changes where seq is not null order by seq limit 1
         ) as oldest
         from sequence s where s.id = 1`,
      )
      const newest = row?.newest ?? 0
      return { newest, oldest: row?.oldest ?? newest + 1 }
    },
  }
}

/** What of a row lies above `since`, one change a number. */
function expand({ count, items, ...row }: ChangeRow, since: number): NumberedChange[] {
  const at = row.at.toISOString()
  if (items === null) return [{ ...row, at }]
  const first = row.seq - count + 1
  const known = Math.max(0, since + 1 - first)
  return items.slice(known).map(([identifier, serial, op, kind, ...keys], position) => ({
    seq: first + known + position,
    identifier,
    prefix: row.prefix,
    serial,
    op,
    kind,
    keys,
    // With the first that is read: whoever begins in the middle reads the directory too.
    directory: position === 0 ? row.directory : null,
    at,
  }))
}
