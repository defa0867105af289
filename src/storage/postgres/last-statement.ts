import type { Caller } from '../../model/caller.ts'
import type { Announcement, AuditEntry } from '../../registry/parts.ts'
import type { TransactionQueries } from './database.ts'
import { makeRowId } from './row-ids.ts'

/**
 * What a transaction sends last: its audit and change rows, and with them, in one statement, the insert that was held back
 * for it. A transaction that needs no more than that needs no BEGIN either.
 */
export interface LastStatement {
  /** Holds an insert back. Sends the one held so far. */
  hold(insert: HeldInsert): void
  /** Sends what is held: before a question, which is to see what was written. */
  release(): void
  /** Sends what is held and what is told; nothing where there is neither. */
  send(audits: readonly AuditEntry[], announcements: readonly Announcement[]): void
}

export interface HeldInsert {
  /** Made by {@link withNews}. */
  readonly sql: string
  /** As many as `sql` was made for. */
  readonly parameters: Parameters<TransactionQueries['send']>[1]
  /** What a violated unique key means. */
  readonly taken?: () => Error
}

export function makeLastStatement(
  queries: TransactionQueries,
  caller: Caller,
  at: Date,
): LastStatement {
  let held: HeldInsert | undefined

  function send(audits: readonly AuditEntry[], announcements: readonly Announcement[]): void {
    const { sql, parameters, taken } = held ?? { sql: newsAlone, parameters: [] }
    held = undefined
    queries.send(
      sql,
      [
        ...parameters,
        at,
        caller.id,
        caller.role,
        JSON.stringify(withIds(at, audits, entry => ({ detail: {}, ...entry }))),
        JSON.stringify(withIds(at, announcements, announcement => announcement)),
        queries.givenUpAt(),
      ],
      taken,
    )
  }

  function release(): void {
    if (held !== undefined) send([], [])
  }

  return {
    hold(insert) {
      release()
      held = insert
    },

    release,

    send(audits, announcements) {
      if (held !== undefined || audits.length + announcements.length > 0)
        send(audits, announcements)
    },
  }
}

function withIds<Row extends object>(at: Date, rows: readonly Row[], whole: (row: Row) => object) {
  return rows.map((row, position) => ({ id: makeRowId(at, position), ...whole(row) }))
}

/**
 * @param inserts `name as (insert …)`, with parameters from `$1` on; several with commas between them
 * @param count of their parameters
 */
export function withNews(inserts: string, count: number): string {
  return `with ${inserts}, ${newsBehind(count)}`
}

function newsBehind(count: number): string {
  const places = [1, 2, 3, 4, 5, 6].map(place => `$${count + place}`)
  const [at, actor, role, audits, changes, givenUpAt] = places
  return `audits as (
     insert into audit (id, at, actor, role, action, target, detail)
     select id, ${at}, ${actor}, ${role}, action, target, detail
     from jsonb_to_recordset(${audits}::jsonb) as entry (id text, action text, target text, detail jsonb)
     where demand_in_time(${givenUpAt})
   )
   insert into changes (id, identifier, prefix, serial, op, kind, keys, directory, at)
   select id, identifier, prefix, serial, op, kind, array(select jsonb_array_elements_text(keys)), directory, ${at}
   from jsonb_to_recordset(${changes}::jsonb) as change (id text, identifier text, prefix text, serial bigint, op text,
     kind text, keys jsonb, directory jsonb)
   where demand_in_time(${givenUpAt})`
}

const newsAlone = `with ${newsBehind(0)}`
