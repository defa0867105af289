import type { Caller } from '../model/caller.ts'
import { type Account, accountState } from './accounts.ts'

/** A person who has logged in, until they log out or one of the ends below comes. */
export interface Session {
  readonly account: string
  readonly createdAt: Date
  /** To the minute: see {@link seenEveryMs}. */
  readonly seenAt: Date
}

/** Without a request this long, a session is over. */
export const sessionIdleMs = 30 * 60_000
/** A session ends with the working day, however busy. */
export const sessionMsMax = 12 * 3_600_000
/** How often it is written down that a session is in use: not with every request. */
export const seenEveryMs = 60_000
/** Browsers of one person; one more ends the oldest. */
export const sessionsPerAccountMax = 10

/** The secret in the cookie: 32 random bytes. */
export function makeSessionToken(random: (byteCount: number) => Buffer): string {
  return random(32).toString('base64url')
}

export function isSessionToken(text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}

/** The first instant at which the session is over if nothing more is asked in it. */
export function sessionEnd({ createdAt, seenAt }: Session): Date {
  return new Date(Math.min(createdAt.getTime() + sessionMsMax, seenAt.getTime() + sessionIdleMs))
}

/** Whether somebody is logged in; the account is asked each time, so that disabling it works at once. */
export function isLive(session: Session, account: Account, nowMs: number): boolean {
  return accountState(account) === 'active' && nowMs < sessionEnd(session).getTime()
}

/** Who asks with a session's cookie. */
export function callerOfAccount({ id, role, subject }: Account): Caller {
  return { id, role, subject, prefixes: [] }
}
