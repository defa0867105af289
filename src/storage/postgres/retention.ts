import type { Queries } from './database.ts'

/** A repeated request is recognised for this long. */
const idempotencyHours = 24
/** A follower may be away this long and still resume from its number; then it starts over. */
const changesDays = 30
/** Far beyond the life of a session or a setup link: a question about one that is over has been asked by then. */
const loginDays = 2
/** Time enough to finish an application that a file was brought for. */
const looseFileDays = 7
/** A proof that nobody filed is of no use to anybody. */
const unusedProofDays = 7
/** Somebody who comes back after a long absence still finds what happened. */
const noticeDays = 90
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
    `delete from used_assertions where (client, digest) in (
       select client, digest from used_assertions where ends_at < now() limit $1
     )`,
    [rowsPerStep],
  )
  await database.query(
    `delete from changes where seq in (
       select seq from changes where at < now() - make_interval(days => $1) order by seq limit $2
     )`,
    [changesDays, rowsPerStep],
  )
  await database.query(
    `delete from sessions where token_hash in (
       select token_hash from sessions where seen_at < now() - make_interval(days => $1) limit $2
     )`,
    [loginDays, rowsPerStep],
  )
  await database.query(
    'delete from setup_links where ends_at < now() - make_interval(days => $1)',
    [loginDays],
  )
  // Said twice, because a file that is named while this waits for its row is not loose any more.
  await database.query(
    `delete from files where loose_since < now() - make_interval(days => $1) and id in (
       select id from files where loose_since < now() - make_interval(days => $1) limit $2
     )`,
    [looseFileDays, rowsPerStep],
  )
  await database.query(
    `delete from prefix_proofs where id in (
       select id from prefix_proofs
       where until < now() - make_interval(days => $1) and application is null limit $2
     )`,
    [unusedProofDays, rowsPerStep],
  )
  await database.query(
    `delete from notices where id in (
       select id from notices where ends_at < now() - make_interval(days => $1) limit $2
     )`,
    [noticeDays, rowsPerStep],
  )
}
