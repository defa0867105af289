import type { Account } from '../../access/accounts.ts'
import type { PeopleLedger, PeopleReads, SetupRow } from '../../registry/people/parts.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

export const accountColumns = `a.id, a.username, a.role, a.subject, a.password_hash as "passwordHash",
  a.totp_sealed as "totpSealed", a.totp_step as "totpStep", a.recovery, a.created_at as "createdAt",
  a.disabled_at as "disabledAt"`

const setupColumns =
  'account, token_hash as "tokenHash", totp_sealed as "totpSealed", ends_at as "endsAt"'

type AccountReads = Omit<PeopleReads, 'findSession' | 'touchSession'>

export function accountReads(queries: Queries): AccountReads {
  return {
    async findAccount(id) {
      const [account] = await queries.query<Account>(
        `select ${accountColumns} from accounts a where id = $1`,
        [id],
      )
      return account
    },

    async findAccountByName(usernameKey) {
      const [account] = await queries.query<Account>(
        `select ${accountColumns} from accounts a where username_key = $1`,
        [usernameKey],
      )
      return account
    },

    async findSetup(tokenHash) {
      const [row] = await queries.query<SetupRow>(
        `select ${setupColumns} from setup_links where token_hash = $1`,
        [tokenHash],
      )
      return row
    },

    async findSetupOf(account) {
      const [row] = await queries.query<SetupRow>(
        `select ${setupColumns} from setup_links where account = $1`,
        [account],
      )
      return row
    },

    async hasOperator(now) {
      const [row] = await queries.query<{ there: boolean }>(
        `select exists (
           select 1 from accounts
           where role = 'operator' and password_hash is not null and disabled_at is null
         ) or exists (
           select 1 from clients
           where role = 'operator' and revoked_at is null and (until is null or until > $1)
         ) as there`,
        [now],
      )
      return row?.there === true
    },
  }
}

export interface AccountLists {
  /** In the order of their usernames. @param usernameKey only the account of that name */
  accounts(page: PageRequest, usernameKey?: string): Promise<Page<Account>>
}

export function makeAccountLists(database: Queries): AccountLists {
  return {
    async accounts({ cursor, limit }, usernameKey) {
      const rows = await database.query<Account & { usernameKey: string }>(
        `select ${accountColumns}, a.username_key as "usernameKey" from accounts a
         where username_key > $1 and ($2::text is null or username_key = $2)
         order by username_key limit $3`,
        [cursor === undefined ? '' : readCursor(cursor), usernameKey ?? null, limit + 1],
      )
      return pageOf(
        rows,
        limit,
        ({ usernameKey: _, ...account }) => account,
        row => row.usernameKey,
      )
    },
  }
}

type AccountWrites = Pick<
  PeopleLedger,
  'lockAccount' | 'insertAccount' | 'updateAccount' | 'putSetup' | 'takeSetup' | 'endSetupOf'
>

export function accountWrites(queries: Queries, at: Date): AccountWrites {
  return {
    async lockAccount(id) {
      const [account] = await queries.query<Account>(
        `select ${accountColumns} from accounts a where id = $1 for update`,
        [id],
      )
      return account
    },

    async insertAccount(account, usernameKey) {
      const rows = await queries.query(
        `insert into accounts (id, username, username_key, role, subject, password_hash, totp_sealed, totp_step, recovery,
           created_at, disabled_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (username_key) do nothing returning id`,
        [
          account.id,
          account.username,
          usernameKey,
          ...accountParameters(account),
          account.createdAt,
          account.disabledAt,
        ],
      )
      return rows.length > 0
    },

    async updateAccount(account) {
      await queries.query(
        `update accounts set role = $2, subject = $3, password_hash = $4, totp_sealed = $5, totp_step = $6, recovery = $7,
           disabled_at = $8
         where id = $1`,
        [account.id, ...accountParameters(account), account.disabledAt],
      )
    },

    async putSetup({ account, tokenHash, totpSealed, endsAt }, ifEnded = false) {
      const rows = await queries.query(
        `insert into setup_links (account, token_hash, totp_sealed, ends_at) values ($1, $2, $3, $4)
         on conflict (account) do update
         set token_hash = excluded.token_hash, totp_sealed = excluded.totp_sealed, ends_at = excluded.ends_at
         where not $5 or setup_links.ends_at <= $6
         returning account`,
        [account, tokenHash, totpSealed, endsAt, ifEnded, at],
      )
      return rows.length > 0
    },

    async takeSetup(tokenHash) {
      const [row] = await queries.query<SetupRow>(
        `delete from setup_links where token_hash = $1 and ends_at > $2 returning ${setupColumns}`,
        [tokenHash, at],
      )
      return row
    },

    async endSetupOf(account) {
      await queries.query('delete from setup_links where account = $1', [account])
    },
  }
}

function accountParameters(account: Account) {
  return [
    account.role,
    account.subject,
    account.passwordHash,
    account.totpSealed,
    account.totpStep,
    account.recovery,
  ] as const
}
