import type { Account } from '../../access/accounts.ts'
import type { Attempts } from '../../access/login-delays.ts'
import type { Session } from '../../access/sessions.ts'
import type { Caller } from '../../model/caller.ts'
import type { Idempotency, Ledger } from '../parts.ts'

/** A link by which somebody begins, or begins anew; used once. */
export interface SetupRow {
  /** Whose it is; `''` is for a new operator, who chooses a username. */
  readonly account: string
  readonly tokenHash: Buffer
  /** The second factor it offers, sealed; null where the role needs none. */
  readonly totpSealed: Buffer | null
  readonly endsAt: Date
}

/** The account of a {@link SetupRow} that makes a new operator. */
export const newOperator = ''

/** Reading, outside of transactions. */
export interface PeopleReads {
  findAccount(id: string): Promise<Account | undefined>
  findAccountByName(usernameKey: string): Promise<Account | undefined>
  findSetup(tokenHash: Buffer): Promise<SetupRow | undefined>
  findSetupOf(account: string): Promise<SetupRow | undefined>
  findSession(tokenHash: Buffer): Promise<{ session: Session; account: Account } | undefined>
  /** Whether anybody or anything can act as operator: a person who is set up, or a credential in force. */
  hasOperator(now: Date): Promise<boolean>
  /** Notes that a session is in use; nothing depends on it but the session's end. */
  touchSession(tokenHash: Buffer, seenAt: Date): Promise<void>
}

/** What the rules about people write in a transaction, beside what every write may. */
export interface PeopleLedger extends Ledger {
  lockAccount(id: string): Promise<Account | undefined>
  /** @returns false, having done nothing, when the username is taken */
  insertAccount(account: Account, usernameKey: string): Promise<boolean>
  /** Everything but the id and the username, which never change. */
  updateAccount(account: Account): Promise<void>

  /** Instead of the link that account had; with `ifEnded`, only where that one has ended. @returns whether it was written */
  putSetup(row: SetupRow, ifEnded?: boolean): Promise<boolean>
  /** Takes the link, so that nobody can use it again. */
  takeSetup(tokenHash: Buffer): Promise<SetupRow | undefined>
  endSetupOf(account: string): Promise<void>

  /** Locked until the end, also where there were none yet. */
  lockAttempts(party: string): Promise<Attempts | undefined>
  putAttempts(party: string, attempts: Attempts): Promise<void>
  forgetAttempts(party: string): Promise<void>

  insertSession(tokenHash: Buffer, account: string): Promise<void>
  /** Ends the sessions of an account but the newest of those that live. */
  trimSessions(
    account: string,
    living: { readonly createdAfter: Date; readonly seenAfter: Date; readonly countMax: number },
  ): Promise<void>
  endSession(tokenHash: Buffer): Promise<boolean>
  endSessionsOf(account: string): Promise<void>
}

export interface PeopleTransactions {
  /** As `Transactions.write`, with the rows of people. */
  write<Outcome>(
    caller: Caller,
    work: (ledger: PeopleLedger) => Promise<Outcome>,
    idempotency?: Idempotency,
  ): Promise<Outcome>
}

/** Secrets as they are stored. */
export interface PeopleSecrets {
  /** What is stored instead of a token or recovery code: a keyed hash, another for each purpose. */
  hash(purpose: 'session' | 'setup' | 'recovery' | 'username', text: string): Buffer
  /** Opens only as the same secret of the same account. */
  sealTotp(secret: Buffer, of: string): Buffer
  unsealTotp(sealed: Buffer, of: string): Buffer
}
