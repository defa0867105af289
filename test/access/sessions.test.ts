import t from 'tap'
import type { Account } from '../../src/access/accounts.ts'
import { callerOfAccount, isLive, sessionEnd } from '../../src/access/sessions.ts'

const startMs = Date.UTC(2026, 10, 23, 6)
const minuteMs = 60_000

const account: Account = {
  id: '0123456789abcdef',
  username: 'li.si',
  role: 'reviewer',
  subject: 'subject-1',
  passwordHash: 'hash',
  totpSealed: null,
  totpStep: 0,
  recovery: [],
  createdAt: new Date(startMs),
  disabledAt: null,
}

function aSession(seenAfterMs = 0) {
  return {
    account: account.id,
    createdAt: new Date(startMs),
    seenAt: new Date(startMs + seenAfterMs),
  }
}

t.test('a session ends half an hour after its last use', async t => {
  t.equal(isLive(aSession(), account, startMs + 30 * minuteMs - 1), true)
  t.equal(isLive(aSession(), account, startMs + 30 * minuteMs), false)
  t.equal(isLive(aSession(10 * minuteMs), account, startMs + 39 * minuteMs), true)
})

t.test('a session ends after twelve hours however busy it is', async t => {
  const busy = aSession(719 * minuteMs)

  t.equal(sessionEnd(busy).getTime(), startMs + 720 * minuteMs)
  t.equal(isLive(busy, account, startMs + 720 * minuteMs), false)
})

t.test('nobody is logged in whose account is not in force', async t => {
  t.equal(isLive(aSession(), { ...account, disabledAt: new Date(startMs) }, startMs), false)
  t.equal(isLive(aSession(), { ...account, passwordHash: null }, startMs), false)
})

t.test(
  'a person acts as their account, for its subject, without prefixes of their own',
  async t => {
    t.strictSame(callerOfAccount(account), {
      id: '0123456789abcdef',
      role: 'reviewer',
      subject: 'subject-1',
      prefixes: [],
    })
  },
)
