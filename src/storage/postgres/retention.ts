import type { Queries } from './database.ts'

/** A repeated request is recognised for this long. */
const idempotencyHours = 24
/** A follower may be away this long and still resume from its number; then it starts over. */
const changesDays = 30
/** Rows of one step: small enough that nobody waits for it. */
const rowsPerStep = 5_000

/**
 * Deletes rows that have outlived their time, a bounded number at once. Records, their versions and the audit are
 * kept for ever.
 */
export async function sweep(database: Queries): Promise<void> {
  await database.query(
    `delete from idempotency where (scope, key) in (
       select scope, key from idempotency where at < now() - make_interval(hours => $1) limit $2
     )`,
    [idempotencyHours, rowsPerStep],
  )
  await database.query(
    `delete from changes where seq in (
       select seq from changes where at < now() - make_interval(days => $1) order by seq limit $2
     )`,
    [changesDays, rowsPerStep],
  )
}
