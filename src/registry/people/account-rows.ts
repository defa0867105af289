import {
  type Account,
  type AccountState,
  accountState,
  needsSecondFactor,
  type PersonRole,
  setupLinkMs,
} from '../../access/accounts.ts'
import { sessionIdleMs, sessionMsMax, sessionsPerAccountMax } from '../../access/sessions.ts'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { PeopleLedger, PeopleSecrets, SetupRow } from './parts.ts'

/** One that waits for its setup link. */
export function newAccount(
  id: string,
  username: string,
  role: PersonRole,
  subject: string | null,
  createdAt: Date,
): Account {
  return {
    id,
    username,
    role,
    subject,
    passwordHash: null,
    totpSealed: null,
    totpStep: 0,
    recovery: [],
    createdAt,
    disabledAt: null,
  }
}

export interface SetupLinkParts {
  readonly secrets: Pick<PeopleSecrets, 'hash' | 'sealTotp'>
  readonly makeTotpSecret: () => Buffer
}

/** A link with a second factor to offer, where the role needs one. */
export function newSetup(
  { secrets, makeTotpSecret }: SetupLinkParts,
  { account, role, token }: { account: string; role: PersonRole; token: string },
  at: Date,
): SetupRow {
  const secret = needsSecondFactor(role) ? makeTotpSecret() : null
  return {
    account,
    tokenHash: secrets.hash('setup', token),
    totpSealed: secret && secrets.sealTotp(secret, `setup:${account}`),
    endsAt: new Date(at.getTime() + setupLinkMs),
  }
}

/** Of one account only: the same code of another is another hash. */
export function hashOfRecoveryCode(
  secrets: Pick<PeopleSecrets, 'hash'>,
  account: string,
  code: string,
): string {
  return secrets.hash('recovery', `${account}|${code}`).toString('hex')
}

/** Begins a session, and ends those of the account that are over or too many. */
export async function putSession(
  ledger: PeopleLedger,
  tokenHash: Buffer,
  account: string,
): Promise<void> {
  const atMs = ledger.at.getTime()
  await ledger.trimSessions(account, {
    createdAfter: new Date(atMs - sessionMsMax),
    seenAfter: new Date(atMs - sessionIdleMs),
    countMax: sessionsPerAccountMax - 1,
  })
  await ledger.insertSession(tokenHash, account)
}

/** An account as operators may see it: without what proves who somebody is. */
export interface AccountView extends Pick<Account, 'id' | 'username' | 'role' | 'subject'> {
  readonly state: AccountState
  /** RFC 3339. */
  readonly createdAt: string
}

export function viewAccount(account: Account): AccountView {
  const { id, username, role, subject, createdAt } = account
  const state = accountState(account)
  return { id, username, role, subject, state, createdAt: createdAt.toISOString() }
}

export function usernameTaken(): Failure {
  const detail = say('用户名已被使用', 'the username is taken')
  return new Failure('ALREADY_EXISTS', detail, {
    errors: [{ pointer: '/username', rule: 'account.username.taken', detail }],
  })
}
