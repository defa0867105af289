import {
  type Account,
  accountState,
  needsSecondFactor,
  readSecondFactor,
  readUsername,
} from '../../access/accounts.ts'
import type { Gate } from '../../access/gate.ts'
import {
  type AddressDelays,
  type Attempts,
  accountDelayMsMax,
  waitMs,
  withAttempt,
} from '../../access/login-delays.ts'
import {
  callerOfAccount,
  isLive,
  isSessionToken,
  makeSessionToken,
  type Session,
  seenEveryMs,
  sessionEnd,
} from '../../access/sessions.ts'
import { anyone, type Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { hashOfRecoveryCode, newSetup, putSession, type SetupLinkParts } from './account-rows.ts'
import type { SetupLink } from './accounts.ts'
import type { PeopleLedger, PeopleReads, PeopleSecrets, PeopleTransactions } from './parts.ts'

/** What somebody proves with who they are. */
export interface Proof {
  readonly password: string
  /** Of the second factor, or a recovery code. */
  readonly code?: string | undefined
  /** Whose attempts are counted with this one; undefined: nobody's. */
  readonly address: string | undefined
}

export interface LoginInput extends Proof {
  readonly username: string
  /** The session that the same browser had, which ends. */
  readonly formerToken?: string | undefined
}

/** A session as its person may see it. */
export interface SessionView {
  readonly account: Account
  /** Who asks with its cookie. */
  readonly caller: Caller
  readonly createdAt: Date
  readonly endsAt: Date
}

export type LoginResult = 'ok' | 'refused' | 'delayed' | 'busy'

export interface SessionParts extends SetupLinkParts {
  readonly transactions: PeopleTransactions
  readonly reads: Pick<PeopleReads, 'findAccountByName' | 'findSession' | 'touchSession'>
  readonly secrets: PeopleSecrets
  /** In front of checking passwords. */
  readonly gate: Gate
  readonly addresses: AddressDelays
  readonly isPassword: (password: string, stored: string | undefined) => Promise<boolean>
  readonly totpStepOf: (secret: Buffer, code: string, nowMs: number) => number | undefined
  readonly random: (byteCount: number) => Buffer
  readonly makeSetupToken: () => string
  readonly now: () => number
  readonly onLogin: (result: LoginResult) => void
}

/** Who is logged in. */
export interface Sessions {
  /**
   * @returns the secret of the session's cookie
   * @throws Failure `NOT_AUTHENTICATED`, the same whatever is wrong; `TOO_MANY` after failures; `OVERLOADED`
   */
  login(input: LoginInput): Promise<SessionView & { readonly token: string }>
  /** @returns undefined where there is no such session, or it is over */
  find(token: string): Promise<SessionView | undefined>
  logout(token: string): Promise<void>
  /**
   * Who is logged in proves once more who they are, and gets a link by which they choose password, second factor and
   * recovery codes anew: whoever found a browser open does not. Until the link is used all is as it was.
   * @returns undefined where there is no such session, or it is over
   * @throws Failure as `login`
   */
  renew(token: string, proof: Proof): Promise<SetupLink | undefined>
}

export function makeSessions(parts: SessionParts): Sessions {
  const { transactions, reads, secrets, gate, addresses, random, now } = parts

  /** Counts the attempt before its work begins. @throws Failure `TOO_MANY` */
  async function begin(party: string, address: string | undefined): Promise<Attempts> {
    const addressWait = address === undefined ? 0 : addresses.take(address, now())
    if (addressWait > 0) throw tooSoon(addressWait)
    const begun = await transactions.write(anyone, async ledger => {
      const before = await ledger.lockAttempts(party)
      const wait = waitMs(before, now(), accountDelayMsMax)
      const attempts = withAttempt(before, now())
      if (wait === 0) await ledger.putAttempts(party, attempts)
      return { wait, attempts }
    })
    if (begun.wait > 0) throw tooSoon(begun.wait)
    return begun.attempts
  }

  async function openSession({ username, formerToken, ...proof }: LoginInput) {
    const known = readUsername(username)
    const account = known && (await reads.findAccountByName(known.key))
    const party = account === undefined ? strangerOf(known?.key ?? '') : partyOf(account)
    const token = makeSessionToken(random)
    const session = await prove(account, party, proof, async (ledger, proven, before) => {
      const { id } = proven
      if (formerToken !== undefined) await ledger.endSession(hashOf(formerToken))
      await putSession(ledger, hashOf(token), id)
      const detail = usedRecovery(before, proven)
      await ledger.audit({ action: 'login.ok', target: partyOf(proven), detail })
      return view({ account: id, createdAt: ledger.at, seenAt: ledger.at }, proven)
    })
    return { token, ...session }
  }

  /**
   * @param party whose attempts are counted
   * @param then what is done in the same transaction for who has proven to be the account
   * @throws Failure the same whatever is wrong
   */
  async function prove<Outcome extends object>(
    account: Account | undefined,
    party: string,
    { password, code = '', address }: Proof,
    then: (ledger: PeopleLedger, proven: Account, before: Account) => Promise<Outcome>,
  ): Promise<Outcome> {
    const attempts = await begin(party, address)
    const isActive = account !== undefined && accountState(account) === 'active'
    const stored = isActive ? account.passwordHash : null
    const isRight = await parts.isPassword(password, stored ?? undefined)
    if (account === undefined) {
      await doAsMuch(party, attempts)
      throw refused()
    }
    const outcome = await settle({ account, stored, isRight, code }, then)
    if (outcome === undefined) throw refused()
    if (address !== undefined) addresses.succeeded(address)
    return outcome
  }

  /** What is to be done, or the audit of its refusal: one transaction, so that the time it takes does not tell them apart. */
  async function settle<Outcome extends object>(
    checked: {
      readonly account: Account
      readonly stored: string | null
      readonly isRight: boolean
      readonly code: string
    },
    then: (ledger: PeopleLedger, proven: Account, before: Account) => Promise<Outcome>,
  ): Promise<Outcome | undefined> {
    const target = partyOf(checked.account)
    const caller = checked.isRight ? callerOfAccount(checked.account) : anyone
    return transactions.write(caller, async ledger => {
      const account = await ledger.lockAccount(checked.account.id)
      // Disabled or reset while the password was checked: what was right then is not now.
      const isStill = checked.isRight && account?.passwordHash === checked.stored
      const proven = isStill ? proveSecondFactor(account, checked.code) : undefined
      if (account === undefined || proven === undefined) {
        const detail = checked.isRight ? { passwordWasRight: true } : {}
        await ledger.audit({ action: 'login.refused', target, detail })
        return undefined
      }
      await ledger.updateAccount(proven)
      await ledger.forgetAttempts(target)
      return then(ledger, proven, account)
    })
  }

  /** A username that nobody has costs the store what a refusal costs it, and leaves nothing. */
  async function doAsMuch(party: string, attempts: Attempts): Promise<void> {
    await transactions.write(anyone, async ledger => {
      await ledger.lockAccount(party)
      await ledger.putAttempts(party, attempts)
    })
  }

  /** @returns the account as it is once the code is used up; undefined where the code proves nothing */
  function proveSecondFactor(account: Account, code: string): Account | undefined {
    if (accountState(account) !== 'active') return undefined
    if (!needsSecondFactor(account.role)) return account
    const factor = readSecondFactor(code)
    if (factor === undefined || account.totpSealed === null) return undefined
    if (factor.kind === 'recovery') return withoutRecoveryCode(account, factor.code)
    const secret = secrets.unsealTotp(account.totpSealed, `account:${account.id}`)
    const step = parts.totpStepOf(secret, factor.code, now())
    // RFC 6238 §5.2: a code is taken once, and none from before it.
    return step === undefined || step <= account.totpStep
      ? undefined
      : { ...account, totpStep: step }
  }

  function withoutRecoveryCode(account: Account, code: string): Account | undefined {
    const used = hashOfRecoveryCode(secrets, account.id, code)
    // Compared as keyed hashes: what the time tells about them says nothing about codes.
    const recovery = account.recovery.filter(each => each !== used)
    return recovery.length < account.recovery.length ? { ...account, recovery } : undefined
  }

  /** One of 65 536 groups, so that delays of usernames that nobody has take bounded room. */
  function strangerOf(usernameKey: string): string {
    return `name:${secrets.hash('username', usernameKey).readUInt16BE()}`
  }

  const hashOf = (token: string) => secrets.hash('session', token)

  async function find(token: string): Promise<SessionView | undefined> {
    if (!isSessionToken(token)) return undefined
    const tokenHash = hashOf(token)
    const found = await reads.findSession(tokenHash)
    if (found === undefined || !isLive(found.session, found.account, now())) return undefined
    if (now() - found.session.seenAt.getTime() < seenEveryMs) {
      return view(found.session, found.account)
    }
    const seenAt = new Date(now())
    await reads.touchSession(tokenHash, seenAt)
    return view({ ...found.session, seenAt }, found.account)
  }

  return {
    find,

    async login(input) {
      try {
        const session = await gate.run(() => openSession(input))
        parts.onLogin('ok')
        return session
      } catch (error) {
        const result = error instanceof Failure ? resultOf[error.code] : undefined
        if (result !== undefined) parts.onLogin(result)
        throw error
      }
    },

    async logout(token) {
      const found = await find(token)
      if (found === undefined) return
      const target = partyOf(found.account)
      await transactions.write(callerOfAccount(found.account), async ledger => {
        if (await ledger.endSession(hashOf(token))) await ledger.audit({ action: 'logout', target })
      })
    },

    async renew(sessionToken, proof) {
      const found = await find(sessionToken)
      if (found === undefined) return undefined
      const party = partyOf(found.account)
      const token = parts.makeSetupToken()
      return gate.run(() =>
        prove(found.account, party, proof, async (ledger, proven, before) => {
          const { id, role } = proven
          const row = newSetup(parts, { account: id, role, token }, ledger.at)
          await ledger.putSetup(row)
          const detail = usedRecovery(before, proven)
          await ledger.audit({ action: 'account.renewing', target: party, detail })
          return { token, until: row.endsAt.toISOString() }
        }),
      )
    },
  }
}

const resultOf: Partial<Record<string, LoginResult>> = {
  NOT_AUTHENTICATED: 'refused',
  TOO_MANY: 'delayed',
  OVERLOADED: 'busy',
}

/** Of an account: who is counted, and what audit rows are about. */
function partyOf({ id }: Account): string {
  return `account:${id}`
}

function view(session: Session, account: Account): SessionView {
  const caller = callerOfAccount(account)
  return { account, caller, createdAt: session.createdAt, endsAt: sessionEnd(session) }
}

function usedRecovery(before: Account, after: Account): Record<string, unknown> {
  const { length } = after.recovery
  return length < before.recovery.length ? { recoveryCodesLeft: length } : {}
}

function refused(): Failure {
  return new Failure(
    'NOT_AUTHENTICATED',
    say('用户名、密码或验证码不正确', 'the username, the password or the code is wrong'),
  )
}

function tooSoon(waitMs: number): Failure {
  const retryAfterSeconds = Math.ceil(waitMs / 1000)
  const detail = say(
    `登录失败次数过多，请 ${retryAfterSeconds} 秒后再试`,
    `too many failed logins; try again in ${retryAfterSeconds} s`,
  )
  return new Failure('TOO_MANY', detail, { retryAfterSeconds })
}
