import type { Account } from '../../access/accounts.ts'
import type { PeopleLedger, PeopleReads } from '../../registry/people/parts.ts'
import { accountColumns } from './accounts.ts'
import type { Queries } from './database.ts'

export function sessionReads(queries: Queries): Pick<PeopleReads, 'findSession' | 'touchSession'> {
  return {
    async findSession(tokenHash) {
      const [row] = await queries.query<Account & { begun: Date; seen: Date }>(
        `select ${accountColumns}, s.created_at as begun, s.seen_at as seen
         from sessions s join accounts a on a.id = s.account where s.token_hash = $1`,
        [tokenHash],
      )
      if (row === undefined) return undefined
      const { begun, seen, ...account } = row
      return { account, session: { account: account.id, createdAt: begun, seenAt: seen } }
    },

    async touchSession(tokenHash, seenAt) {
      await queries.query(
        'update sessions set seen_at = greatest(seen_at, $2) where token_hash = $1',
        [tokenHash, seenAt],
      )
    },
  }
}

type SessionWrites = Pick<
  PeopleLedger,
  | 'lockAttempts'
  | 'putAttempts'
  | 'forgetAttempts'
  | 'insertSession'
  | 'trimSessions'
  | 'endSession'
  | 'endSessionsOf'
>

export function sessionWrites(queries: Queries, at: Date): SessionWrites {
  return {
    async lockAttempts(party) {
      // A row that is not there cannot be locked.
      await queries.query(
        `insert into login_delays (party, failures, last_at) values ($1, 0, $2) on conflict do nothing`,
        [party, at],
      )
      const [row] = await queries.query<{ failures: number; last_at: Date }>(
        'select failures, last_at from login_delays where party = $1 for update',
        [party],
      )
      return row && { failures: row.failures, lastAtMs: row.last_at.getTime() }
    },

    async putAttempts(party, { failures, lastAtMs }) {
      await queries.query('update login_delays set failures = $2, last_at = $3 where party = $1', [
        party,
        failures,
        new Date(lastAtMs),
      ])
    },

    async forgetAttempts(party) {
      await queries.query('delete from login_delays where party = $1', [party])
    },

    async insertSession(tokenHash, account) {
      await queries.query(
        'insert into sessions (token_hash, account, created_at, seen_at) values ($1, $2, $3, $3)',
        [tokenHash, account, at],
      )
    },

    async trimSessions(account, { createdAfter, seenAfter, countMax }) {
      await queries.query(
        `delete from sessions where account = $1 and token_hash not in (
           select token_hash from sessions where account = $1 and created_at > $2 and seen_at > $3
           order by created_at desc limit $4
         )`,
        [account, createdAfter, seenAfter, countMax],
      )
    },

    async endSession(tokenHash) {
      const rows = await queries.query(
        'delete from sessions where token_hash = $1 returning account',
        [tokenHash],
      )
      return rows.length > 0
    },

    async endSessionsOf(account) {
      await queries.query('delete from sessions where account = $1', [account])
    },
  }
}
