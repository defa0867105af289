import t from 'tap'
import { anOperator } from '../../support/builders.ts'
import { refusalOf } from '../../support/filing.ts'
import { aLobby, aPassword, totpCode } from '../../support/people.ts'
import { aStore, eachEngine } from '../../support/store.ts'

const hourMs = 3_600_000

eachEngine(t, 'a setup link makes a person of an account, once', async (t, database) => {
  const lobby = await aLobby(database)
  const input = { username: 'Li.Si', role: 'reviewer', subject: null } as const
  const { id, link } = await lobby.accounts.create(input, lobby.byOperator)
  const again = { token: link.token, password: aPassword, code: '000000' }

  t.equal(link.until, '2026-11-24T06:00:00.000Z')
  t.match(await lobby.setup.look(link.token), { username: 'Li.Si', role: 'reviewer' })
  const done = await lobby.setUp(link.token)
  t.match(done, { id, username: 'Li.Si', role: 'reviewer' })
  t.match(await lobby.sessions.find(done.sessionToken), { account: { id } })
  t.equal(await refusalOf(lobby.setup.look(link.token)), 'NOT_PERMITTED, /token setup.link')
  t.equal(await refusalOf(lobby.setup.finish(again)), 'NOT_PERMITTED, /token setup.link')
  t.strictSame(await lobby.audited(), [
    `${anOperator.id} account.created account:${id}`,
    `${id} account.setUp account:${id}`,
  ])
  const kept = JSON.stringify(await database.query('select * from accounts, audit'))
  for (const secret of [aPassword, link.token, ...done.recoveryCodes]) t.notMatch(kept, secret)
})

eachEngine(t, 'of two who use a link at the same time, one does', async (t, database) => {
  const lobby = await aLobby(database)
  const { token } = await lobby.accounts.inviteOperator(lobby.byOperator)

  const outcomes = await Promise.all(
    ['aaaa', 'bbbb'].map(name => refusalOf(lobby.setUp(token, name))),
  )

  t.strictSame(outcomes.sort(), ['NOT_PERMITTED, /token setup.link', 'done'])
  t.equal((await lobby.lists.accounts({ limit: 10 })).items.length, 1)
})

t.test('a setup link is good for a day', async t => {
  const lobby = await aLobby(await aStore(t))
  const { token } = await lobby.accounts.inviteOperator(lobby.byOperator)

  await lobby.clock.advance(24 * hourMs - 1)
  t.match(await lobby.setup.look(token), { username: null, role: 'operator' })
  await lobby.clock.advance(1)
  t.equal(await refusalOf(lobby.setup.look(token)), 'NOT_PERMITTED, /token setup.link')
})

t.test('what is wrong in setting up is said, and the link stays good', async t => {
  const lobby = await aLobby(await aStore(t))
  await lobby.person('li.si')
  const { token } = await lobby.accounts.inviteOperator(lobby.byOperator)
  const { totpSecret } = await lobby.setup.look(token)
  const code = totpCode(totpSecret ?? '', lobby.clock.now())
  const right = { token, username: 'wang.wu', password: aPassword, code }
  const wrong = [
    [{ username: 'LI.SI' }, 'ALREADY_EXISTS, /username account.username.taken'],
    [{ username: 'w' }, 'INPUT_INVALID, /username account.username'],
    [{ username: undefined }, 'INPUT_INVALID, /username account.username'],
    [{ password: 'short' }, 'INPUT_INVALID, /password password.length'],
    [{ password: 'abababababababab' }, 'INPUT_INVALID, /password password.repeated'],
    [{ password: 'i am Wang.Wu and here' }, 'INPUT_INVALID, /password password.username'],
    [{ code: '12345' }, 'INPUT_INVALID, /code totp.code'],
    [{ code: undefined }, 'INPUT_INVALID, /code totp.code'],
  ] as const

  for (const [change, refusal] of wrong) {
    t.equal(await refusalOf(lobby.setup.finish({ ...right, ...change })), refusal)
  }
  t.match(await lobby.setup.finish(right), { username: 'wang.wu', role: 'operator' })
})

eachEngine(t, 'who is disabled is out at once, and stays out until reset', async (t, database) => {
  const lobby = await aLobby(database)
  const { id, sessionToken } = await lobby.person('li.si', 'enterprise')

  t.equal(await lobby.accounts.disable(id, anOperator), true)
  t.equal(await lobby.sessions.find(sessionToken), undefined)
  t.equal(await refusalOf(lobby.login('li.si')), 'NOT_AUTHENTICATED')
  const link = await lobby.accounts.reset(id, lobby.byOperator)
  t.equal(await refusalOf(lobby.login('li.si')), 'NOT_AUTHENTICATED')
  await lobby.setUp(link?.token ?? '')
  t.ok(await lobby.login('li.si'))
  t.equal(await lobby.accounts.disable('0123456789abcdef', anOperator), false)
  t.equal(await lobby.accounts.reset('0123456789abcdef', lobby.byOperator), undefined)
})

eachEngine(
  t,
  'a reset voids password, second factor, sessions and the link before',
  async (t, database) => {
    const lobby = await aLobby(database)
    const { id, sessionToken, totpSecret, recoveryCodes } = await lobby.person('li.si')

    const first = await lobby.accounts.reset(id, lobby.byOperator)
    const second = await lobby.accounts.reset(id, lobby.byOperator)

    t.equal(await lobby.sessions.find(sessionToken), undefined)
    const [code = ''] = recoveryCodes
    t.equal(await refusalOf(lobby.login('li.si', { code })), 'NOT_AUTHENTICATED')
    t.equal(
      await refusalOf(lobby.setup.look(first?.token ?? '')),
      'NOT_PERMITTED, /token setup.link',
    )
    const offer = await lobby.setup.look(second?.token ?? '')
    t.equal(offer.username, 'li.si')
    t.notSame(offer.totpSecret, totpSecret)
  },
)

eachEngine(
  t,
  'a repeated request makes one account and gives the same link',
  async (t, database) => {
    const lobby = await aLobby(database)
    const idempotency = { scope: 'a POST /v1/accounts', key: 'k', digest: Buffer.alloc(32) }
    const request = { ...lobby.byOperator, idempotency }
    const input = { username: 'li.si', role: 'bank', subject: null } as const

    const first = await lobby.accounts.create(input, request)

    t.strictSame(await lobby.accounts.create(input, request), first)
    t.notMatch(JSON.stringify(await database.query('select * from idempotency')), first.link.token)
  },
)

t.test('usernames are for one person each, and machines get none', async t => {
  const lobby = await aLobby(await aStore(t))
  const create = (username: string, role = 'bank' as 'bank' | 'topnode') =>
    refusalOf(lobby.accounts.create({ username, role, subject: null }, lobby.byOperator))

  t.equal(await create('Zhāng.San'), 'done')
  t.equal(await create('ＺＨĀＮＧ.san'), 'ALREADY_EXISTS, /username account.username.taken')
  t.equal(await create('张三'), 'done')
  t.equal(await create('node', 'topnode'), 'INPUT_INVALID, /role account.role')
  t.equal(await create('p\u0430ypal'), 'INPUT_INVALID, /username text.mixedScripts')
  for (const name of ['', ' ', 'a', '.ab', 'ab.', 'a b', 'a\u200bb', 'a\u202eb', 'x'.repeat(65)]) {
    t.equal(await create(name), 'INPUT_INVALID, /username account.username', JSON.stringify(name))
  }
})

eachEngine(
  t,
  'a start without an operator makes one link, and says later that there is one',
  async (t, database) => {
    const lobby = await aLobby(database)
    const welcome = () => lobby.accounts.welcome(new Date(lobby.clock.now()))

    const [one, other] = await Promise.all([welcome(), welcome()])

    t.strictSame([one?.kind, other?.kind].sort(), ['made', 'waiting'])
    await lobby.clock.advance(24 * hourMs)
    const renewed = await welcome()
    t.equal(renewed?.kind, 'made', 'the first has ended')
    const token = renewed?.kind === 'made' ? renewed.link.token : ''
    t.match(await lobby.setUp(token, 'zhang.san'), { role: 'operator', username: 'zhang.san' })
    t.equal(await welcome(), undefined)
  },
)

t.test('operators see who there is, and nothing that proves it', async t => {
  const lobby = await aLobby(await aStore(t))
  const { id } = await lobby.person('li.si')
  await lobby.accounts.create({ username: 'aa', role: 'bank', subject: null }, lobby.byOperator)
  const createdAt = '2026-11-23T06:00:00.000Z'

  const first = await lobby.lists.accounts({ limit: 1 })
  const second = await lobby.lists.accounts({ limit: 1, cursor: first.next ?? '' })

  t.match(first.items, [{ username: 'aa', role: 'bank', state: 'invited' }])
  t.strictSame(second, {
    items: [{ id, username: 'li.si', role: 'reviewer', subject: null, state: 'active', createdAt }],
    next: null,
  })
  t.match((await lobby.lists.accounts({ limit: 9 }, 'LI.SI')).items, [{ id }])
  t.strictSame((await lobby.lists.accounts({ limit: 9 }, '\u0000')).items, [])
})
