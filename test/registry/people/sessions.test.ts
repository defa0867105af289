import t from 'tap'
import { refusalOf } from '../../support/filing.ts'
import { aLobby, aPassword, type Lobby, totpCode } from '../../support/people.ts'
import { aStore, eachEngine } from '../../support/store.ts'

const minuteMs = 60_000

eachEngine(
  t,
  'a person logs in with password and code, and each code works once',
  async (t, database) => {
    const lobby = await aLobby(database)
    const { totpSecret, id } = await lobby.person('li.si')
    const codeAt = (apartMs: number) => totpCode(totpSecret ?? '', lobby.clock.now() + apartMs)

    t.equal(await refusalOf(lobby.login('li.si')), 'NOT_AUTHENTICATED', 'without a code')
    t.equal(
      await refusalOf(lobby.login('li.si', { code: codeAt(0) })),
      'NOT_AUTHENTICATED',
      'the code that was used in setting up',
    )
    const next = codeAt(30_000)
    const session = await lobby.login('LI.SI', { code: next })
    t.match(session, { account: { id, username: 'li.si' }, caller: { id, role: 'reviewer' } })
    t.equal(await refusalOf(lobby.login('li.si', { code: next })), 'NOT_AUTHENTICATED', 'twice')
    await lobby.clock.advance(minuteMs)
    t.ok(await lobby.login('li.si', { code: codeAt(0) }))
    t.equal(
      await refusalOf(lobby.login('li.si', { code: codeAt(-30_000) })),
      'NOT_AUTHENTICATED',
      'one from before',
    )
    const [{ detail } = {}] = await database.query<{ detail: object }>(
      `select detail from audit where action = 'login.refused' limit 1`,
    )
    t.strictSame(detail, { passwordWasRight: true }, 'somebody who knows it lacks the app')
  },
)

eachEngine(t, 'a recovery code stands in for the app once', async (t, database) => {
  const lobby = await aLobby(database)
  const { recoveryCodes } = await lobby.person('li.si')
  const other = await lobby.person('wang.wu')
  const [code = '', second = ''] = recoveryCodes

  t.equal(new Set(recoveryCodes).size, 10)
  t.ok(await lobby.login('li.si', { code: code.toUpperCase().replace('-', ' ') }))
  t.equal(await refusalOf(lobby.login('li.si', { code })), 'NOT_AUTHENTICATED')
  t.equal(
    await refusalOf(lobby.login('wang.wu', { code: second })),
    'NOT_AUTHENTICATED',
    'nobody else’s',
  )
  t.ok(await lobby.login('wang.wu', { code: other.recoveryCodes[0] ?? '' }))
  t.notMatch(JSON.stringify(await database.query('select * from accounts')), second)
})

eachEngine(
  t,
  'who is logged in proves it once more, and begins anew by a link',
  async (t, database) => {
    const lobby = await aLobby(database)
    const { recoveryCodes, sessionToken, id } = await lobby.person('li.si')
    const [first = '', second = '', third = ''] = recoveryCodes
    const elsewhere = await lobby.login('li.si', { code: first })
    const renew = (proof: { password?: string; code?: string }, token = sessionToken) =>
      lobby.sessions.renew(token, { password: aPassword, address: undefined, ...proof })

    t.equal(await renew({ code: second }, 'x'.repeat(43)), undefined, 'nobody’s session')
    t.equal(await refusalOf(renew({})), 'NOT_AUTHENTICATED', 'a browser that was left open')
    t.equal(
      await refusalOf(renew({ code: second, password: 'incorrect horse battery' })),
      'NOT_AUTHENTICATED',
    )
    const link = await renew({ code: second })
    t.ok(await lobby.login('li.si', { code: third }), 'until it is used all is as it was')
    t.ok(await lobby.sessions.find(elsewhere.token))
    const anew = await lobby.setUp(link?.token ?? '')

    t.equal(anew.id, id)
    t.equal(
      await refusalOf(lobby.setUp(link?.token ?? '')),
      'NOT_PERMITTED, /token setup.link',
      'once',
    )
    for (const token of [sessionToken, elsewhere.token]) {
      t.equal(await lobby.sessions.find(token), undefined, 'other logins have ended')
    }
    t.equal(
      await refusalOf(lobby.login('li.si', { code: recoveryCodes[4] ?? '' })),
      'NOT_AUTHENTICATED',
      'a code of before',
    )
    t.ok(await lobby.login('li.si', { code: anew.recoveryCodes[0] ?? '' }))
    t.ok((await lobby.audited()).includes(`${id} account.renewing account:${id}`))
  },
)

eachEngine(t, 'attempts to begin anew are counted as logins are', async (t, database) => {
  const lobby = await aLobby(database)
  const { sessionToken } = await lobby.person('li.si', 'enterprise')
  const renew = (password: string) =>
    lobby.sessions.renew(sessionToken, { password, address: undefined })

  for (let failure = 1; failure <= 5; failure++) {
    t.equal(await refusalOf(renew('incorrect horse battery')), 'NOT_AUTHENTICATED')
  }
  t.equal(await refusalOf(renew(aPassword)), 'TOO_MANY')
  t.equal(await refusalOf(lobby.login('li.si')), 'TOO_MANY')
})

eachEngine(t, 'nobody learns from a refusal what was wrong', async (t, database) => {
  const lobby = await aLobby(database)
  const { id } = await lobby.person('li.si', 'enterprise')
  await lobby.accounts.create(
    { username: 'invited', role: 'bank', subject: null },
    lobby.byOperator,
  )
  const wrong = [
    lobby.login('li.si', { password: 'incorrect horse battery' }),
    lobby.login('nobody', {}),
    lobby.login('\u202eno username', {}),
    lobby.login('invited', {}),
  ]

  const refusals = await Promise.all(wrong.map(each => each.catch(error => error)))

  for (const each of refusals) {
    t.same({ ...each, cause: undefined }, { ...refusals[0], cause: undefined })
  }
  t.equal(refusals[0].code, 'NOT_AUTHENTICATED')
  t.ok((await lobby.audited()).includes(`anyone login.refused account:${id}`))
  t.match(await lobby.metrics.metrics(), 'qxm_logins_total{result="refused"} 4')
})

eachEngine(
  t,
  'after five failures each further attempt waits longer, right or wrong',
  async (t, database) => {
    const lobby = await aLobby(database)
    await lobby.person('li.si', 'enterprise')

    for (const username of ['nobody', 'li.si']) {
      for (let failure = 1; failure <= 5; failure++) {
        t.equal(await failing(lobby, username), 'NOT_AUTHENTICATED', `${username} ${failure}`)
      }
      t.strictSame(await waits(lobby, username, 5), [1, 2, 4, 8, 16], username)
    }
    await t.rejects(lobby.login('li.si'), { code: 'TOO_MANY', retryAfterSeconds: 32 })
    await lobby.clock.advance(32_000)
    t.ok(await lobby.login('li.si'), 'the right password at the right time')
    t.equal(await failing(lobby, 'li.si'), 'NOT_AUTHENTICATED', 'all is forgotten')
  },
)

eachEngine(t, 'attempts at the same time are counted as so many', async (t, database) => {
  const lobby = await aLobby(database)
  await lobby.person('li.si', 'enterprise')

  const outcomes = await Promise.all(Array.from({ length: 12 }, () => failing(lobby, 'li.si')))

  t.equal(outcomes.filter(each => each === 'NOT_AUTHENTICATED').length, 5)
  t.equal(outcomes.filter(each => each === 'TOO_MANY').length, 7)
})

t.test('an address that fails waits too, whatever username it tries', async t => {
  const lobby = await aLobby(await aStore(t))
  await lobby.person('li.si', 'enterprise')
  const from = (address: string) => (name: string) =>
    refusalOf(lobby.login(name, { password: 'incorrect horse battery', address }))

  for (const name of ['aa', 'bb', 'cc', 'dd', 'ee']) {
    t.equal(await from('203.0.113.5')(name), 'NOT_AUTHENTICATED')
  }
  t.equal(await from('203.0.113.5')('li.si'), 'TOO_MANY')
  t.equal(await from('203.0.113.6')('li.si'), 'NOT_AUTHENTICATED')
  await lobby.clock.advance(1_000)
  t.ok(await lobby.login('li.si', { address: '203.0.113.5' }))
})

t.test('more logins than may wait are turned away, and count against nobody', async t => {
  const lobby = await aLobby(await aStore(t))
  await lobby.person('li.si', 'enterprise')

  const outcomes = await Promise.all(
    Array.from({ length: 40 }, () => refusalOf(lobby.login('li.si'))),
  )

  t.equal(outcomes.filter(each => each === 'OVERLOADED').length, 6)
})

eachEngine(
  t,
  'a session ends when it is idle, at the end of the day, and by logging out',
  async (t, database) => {
    const lobby = await aLobby(database)
    await lobby.person('li.si', 'enterprise')
    const [idle, busy, left] = [
      await lobby.login('li.si'),
      await lobby.login('li.si'),
      await lobby.login('li.si'),
    ]
    const isIn = async ({ token }: { token: string }) =>
      (await lobby.sessions.find(token)) !== undefined

    await lobby.sessions.logout(left.token)
    t.strictSame(await Promise.all([idle, busy, left].map(isIn)), [true, true, false])
    await lobby.clock.advance(29 * minuteMs)
    t.equal(await isIn(busy), true)
    await lobby.clock.advance(minuteMs)
    t.equal(await isIn(idle), false)
    for (let minutes = 30; minutes < 12 * 60; minutes += 25) {
      t.equal(await isIn(busy), true, `after ${minutes} minutes`)
      await lobby.clock.advance(25 * minuteMs)
    }
    t.equal(await isIn(busy), false)
    t.notMatch(JSON.stringify(await database.query('select * from sessions')), busy.token)
    t.equal(await isIn({ token: 'nonsense' }), false)
  },
)

eachEngine(t, 'somebody has so many sessions at once, and one browser one', async (t, database) => {
  const lobby = await aLobby(database)
  await lobby.person('li.si', 'enterprise')
  const tokens: string[] = []
  for (let count = 0; count < 11; count++) {
    tokens.push((await lobby.login('li.si')).token)
    await lobby.clock.advance(1_000)
  }
  const [first = '', second = '', last = ''] = [tokens[0], tokens[1], tokens.at(-1)]

  t.equal(await lobby.sessions.find(first), undefined)
  t.ok(await lobby.sessions.find(second))
  const again = await lobby.sessions.login({
    username: 'li.si',
    password: aPassword,
    address: undefined,
    formerToken: last,
  })
  t.equal(await lobby.sessions.find(last), undefined)
  t.ok(await lobby.sessions.find(again.token))
})

function failing(lobby: Lobby, username: string): Promise<string> {
  return refusalOf(lobby.login(username, { password: 'incorrect horse battery' }))
}

/** The waits that so many further failures lead to, in seconds; each is waited for. */
async function waits(lobby: Lobby, username: string, count: number): Promise<number[]> {
  const seconds: number[] = []
  while (seconds.length < count) {
    const error = await lobby.login(username, { password: 'incorrect horse battery' }).catch(e => e)
    seconds.push(error.retryAfterSeconds)
    await lobby.clock.advance(error.retryAfterSeconds * 1000)
    await failing(lobby, username)
  }
  return seconds
}
