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
import { hashOfRecoveryCode, putSession } from './account-rows.ts'
import type { PeopleReads, PeopleSecrets, PeopleTransactions } from './parts.ts'

export interface LoginInput {
  readonly username: string
  readonly password: string
  /** Of the second factor, or a recovery code. */
  readonly code?: string | undefined
  /** Whose attempts are counted with this one; undefined: nobody's. */
  readonly address: string | undefined
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

export interface SessionParts {
  readonly transactions: PeopleTransactions
  readonly reads: Pick<PeopleReads, 'findAccountByName' | 'findSession' | 'touchSession'>
  readonly secrets: PeopleSecrets
  /** In front of checking passwords. */
  readonly gate: Gate
  readonly addresses: AddressDelays
  readonly isPassword: (password: string, stored: string | undefined) => Promise<boolean>
  readonly totpStepOf: (secret: Buffer, code: string, nowMs: number) => number | undefined
  readonly random: (byteCount: number) => Buffer
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

  async function check({ username, password, code = '', address, formerToken }: LoginInput) {
    const known = readUsername(username)
    const account = known && (await reads.findAccountByName(known.key))
    const party = account === undefined ? strangerOf(known?.key ?? '') : `account:${account.id}`
    const attempts = await begin(party, address)
    const isActive = account !== undefined && accountState(account) === 'active'
    const stored = isActive ? account.passwordHash : null
    const isRight = await parts.isPassword(password, stored ?? undefined)
    if (account === undefined) {
      await doAsMuch(party, attempts)
      throw refused()
    }
    const token = makeSessionToken(random)
    const session = await open({ account, stored, isRight, code, token, formerToken })
    if (session === undefined) throw refused()
    if (address !== undefined) addresses.succeeded(address)
    return { token, ...session }
  }

  /** A session, or the audit of its refusal: one transaction, so that the time it takes does not tell them apart. */
  async function open(login: {
    readonly account: Account
    readonly stored: string | null
    readonly isRight: boolean
    readonly code: string
    readonly token: string
    readonly formerToken: string | undefined
  }): Promise<SessionView | undefined> {
    const { id } = login.account
    const target = `account:${id}`
    const caller = login.isRight ? callerOfAccount(login.account) : anyone
    return transactions.write(caller, async ledger => {
      const account = await ledger.lockAccount(id)
      // Disabled or reset while the password was checked: what was right then is not now.
      const isStill = login.isRight && account?.passwordHash === login.stored
      const proven = isStill ? proveSecondFactor(account, login.code) : undefined
      if (account === undefined || proven === undefined) {
        const detail = login.isRight ? { passwordWasRight: true } : {}
        await ledger.audit({ action: 'login.refused', target, detail })
        return undefined
      }
      await ledger.updateAccount(proven)
      await ledger.forgetAttempts(target)
      if (login.formerToken !== undefined) await ledger.endSession(hashOf(login.formerToken))
      await putSession(ledger, hashOf(login.token), id)
      await ledger.audit({ action: 'login.ok', target, detail: usedRecovery(account, proven) })
      return view({ account: id, createdAt: ledger.at, seenAt: ledger.at }, proven)
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
        const session = await gate.run(() => check(input))
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
      const target = `account:${found.account.id}`
      await transactions.write(callerOfAccount(found.account), async ledger => {
        if (await ledger.endSession(hashOf(token))) await ledger.audit({ action: 'logout', target })
      })
    },
  }
}

const resultOf: Partial<Record<string, LoginResult>> = {
  NOT_AUTHENTICATED: 'refused',
  TOO_MANY: 'delayed',
  OVERLOADED: 'busy',
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
