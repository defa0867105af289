import t from 'tap'
import { parseCidrs } from '../../../src/access/cidr.ts'
import { Failure } from '../../../src/model/failures.ts'
import { aRecord } from '../../support/builders.ts'
import { aDoor, aSmallWorld } from './a-door.ts'

const url = '/v1/resolve/88.118.8/ABC-1'
const code = '88.118.1/1XJRACLXEEWEA9'

t.test(
  'resolving is limited by address, said in advance, and refused with when to come back',
  async t => {
    const { app, clock } = aDoor(t, { ...aSmallWorld, rates: { resolve: 3 } })
    const ask = (remoteAddress = '203.0.113.5') => app.inject({ url, remoteAddress })
    const answers = [await ask(), await ask(), await ask(), await ask()]

    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [200, 200, 200, 429],
    )
    t.equal(answers[0]?.headers['ratelimit-policy'], '"resolve";q=3;w=1')
    t.equal(answers[0]?.headers['ratelimit'], undefined)
    t.equal(answers[3]?.headers['ratelimit-policy'], '"resolve";q=3;w=1')
    t.equal(answers[3]?.json().code, 'TOO_MANY')
    t.equal(answers[3]?.headers['retry-after'], '1')
    t.equal(answers[3]?.headers['ratelimit'], '"resolve";r=0;t=1')
    t.equal((await ask('203.0.113.6')).statusCode, 200)

    await clock.advance(1_000)
    t.equal((await ask()).statusCode, 200)
  },
)

t.test('an address that is exempt, and a rate of 0, are not limited', async t => {
  const exempt = aDoor(t, {
    ...aSmallWorld,
    rates: { resolve: 1, exempt: parseCidrs(['127.0.0.0/8'], '') },
  })
  const off = aDoor(t, aSmallWorld)
  for (const { app } of [exempt, off]) {
    for (let i = 0; i < 5; i++) t.equal((await app.inject(url)).statusCode, 200)
  }
  t.equal((await off.app.inject(url)).headers['ratelimit-policy'], undefined)
})

t.test('load tests have a quota of their own, which takes nothing from anybody', async t => {
  const loadTest = { perSecond: 5, from: parseCidrs(['198.51.100.0/24'], '') }
  const { app } = aDoor(t, { ...aSmallWorld, rates: { resolve: 2, loadTest } })
  const ask = async (remoteAddress: string) => (await app.inject({ url, remoteAddress })).statusCode

  const known = await inTurn(6, at => ask(`198.51.100.${at}`))
  const others = await inTurn(3, () => ask('203.0.113.5'))

  t.strictSame(known, [200, 200, 200, 200, 200, 429], 'more than the public limit, together')
  t.strictSame(others, [200, 200, 429], 'the public limit is as it was')
})

t.test('unknown identifiers of a load test are counted by its own quota', async t => {
  const loadTest = { perSecond: 3, from: parseCidrs(['198.51.100.0/24'], '') }
  const { app } = aDoor(t, { ...aSmallWorld, rates: { unknown: 1, loadTest } })
  const ask = async (at: number, remoteAddress: string) =>
    (await app.inject({ url: `/v1/resolve/88.118.8/NONE-${at}`, remoteAddress })).statusCode

  const tested = await inTurn(4, at => ask(at, '198.51.100.7'))
  const others = await inTurn(2, at => ask(10 + at, '203.0.113.5'))

  t.strictSame(tested, [404, 404, 404, 429])
  t.strictSame(others, [404, 429])
})

async function inTurn<T>(count: number, call: (at: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let at = 0; at < count; at++) results.push(await call(at))
  return results
}

t.test('a batch costs as many questions as it has', async t => {
  const { app } = aDoor(t, { ...aSmallWorld, rates: { resolve: 10 } })
  const payload = { identifiers: Array(10).fill('88.118.8/ABC-1') }
  const batch = () => app.inject({ method: 'POST', url: '/v1/resolve:batch', payload })

  t.equal((await batch()).statusCode, 200)
  t.equal((await batch()).statusCode, 429)
  t.equal((await app.inject(url)).statusCode, 429)
})

t.test(
  'who asks for too many unknown identifiers is refused, also for unknown ones in a batch',
  async t => {
    const { app, clock } = aDoor(t, { ...aSmallWorld, rates: { unknown: 2 } })
    const ask = async (suffix: string) =>
      (await app.inject(`/v1/resolve/88.118.8/${suffix}`)).statusCode

    t.strictSame([await ask('x1'), await ask('x2'), await ask('x3')], [404, 404, 429])
    const batch = await app.inject({
      method: 'POST',
      url: '/v1/resolve:batch',
      payload: { identifiers: ['88.118.8/x4'] },
    })
    t.match(batch.json().answers, [{ status: 429, code: 'TOO_MANY' }])

    await clock.advance(1_000)
    t.equal(await ask('x5'), 404)
  },
)

t.test(
  'fifty forged codes keep an address from codes for ten minutes, and from nothing else',
  async t => {
    const record = aRecord({ identifier: code, kind: 'other' })
    const { app, clock } = aDoor(t, {
      ...aSmallWorld,
      records: [...aSmallWorld.records, record],
      parts: { isForged: ({ key }) => key.endsWith('19e2enf6ar4lj3') },
    })
    const ask = async (path: string, headers = {}) =>
      (await app.inject({ url: `/v1/resolve/${path}`, headers })).statusCode
    for (let i = 0; i < 50; i++) t.equal(await ask('88.118.1/19E2ENF6AR4LJ3'), 404)

    t.equal(await ask('88.118.1/19E2ENF6AR4LJ3'), 429)
    t.equal(await ask(code), 429)
    t.equal(await ask('88.118.8/ABC-1'), 200)
    t.equal(await ask(code, { authorization: 'Bearer owner' }), 200)
    const batch = await app.inject({
      method: 'POST',
      url: '/v1/resolve:batch',
      payload: { identifiers: [code, '88.118.8/ABC-1'] },
    })
    t.match(batch.json().answers, [{ status: 429 }, { identifier: '88.118.8/ABC-1' }])

    await clock.advance(600_000)
    t.equal(await ask(code), 200)
  },
)

t.test('codes that were issued or mistyped are no guesses', async t => {
  const { app } = aDoor(t, { ...aSmallWorld, parts: { isForged: () => false } })
  for (let i = 0; i < 60; i++) t.equal((await app.inject(`/v1/resolve/${code}`)).statusCode, 404)
})

t.test('writes are limited by credential', async t => {
  const { app } = aDoor(t, { ...aSmallWorld, rates: { write: 2 } })
  const write = async (who: string) =>
    (
      await app.inject({
        method: 'PUT',
        url: '/v1/identifiers/88.118.8/ABC-1',
        headers: { authorization: `Bearer ${who}` },
        payload: {},
        remoteAddress: '203.0.113.5',
      })
    ).statusCode

  t.strictSame([await write('owner'), await write('owner'), await write('owner')], [200, 200, 429])
  t.equal(await write('operator'), 200)
})

t.test(
  'an address that keeps sending wrong credentials is refused before the store is asked',
  async t => {
    let asked = 0
    const { app } = aDoor(t, {
      ...aSmallWorld,
      parts: {
        authenticate: async () => {
          asked += 1
          throw new Failure('NOT_AUTHENTICATED')
        },
      },
    })
    const ask = async (remoteAddress: string) =>
      (await app.inject({ url, headers: { authorization: 'Bearer x' }, remoteAddress })).statusCode
    for (let i = 0; i < 300; i++) t.equal(await ask('203.0.113.5'), 401)

    t.equal(await ask('203.0.113.5'), 429)
    t.equal(asked, 300)
    t.equal(await ask('203.0.113.6'), 401)
    t.equal((await app.inject({ url, remoteAddress: '203.0.113.5' })).statusCode, 200)
  },
)

t.test('what memory refuses is counted as what the store would have refused', async t => {
  const names = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `/v1/resolve/88.118.8/n${from + i}`)
  const world = { ...aSmallWorld, rates: { unknown: 3 } }
  const known = aDoor(t, { ...world, mayHave: key => key === '88.118.8/abc-1' })
  const asking = aDoor(t, world)
  const told: number[][] = []
  for (const { app, clock } of [known, asking]) {
    const statuses: number[] = []
    const ask = async (url: string) =>
      statuses.push((await app.inject({ url, remoteAddress: '203.0.113.5' })).statusCode)
    for (const url of names(0, 5)) await ask(url)
    await clock.advance(1_000)
    for (const url of names(5, 1)) await ask(url)
    await ask(url)
    told.push(statuses)
  }

  t.strictSame(told[0], [404, 404, 404, 429, 429, 404, 200])
  t.strictSame(told[1], told[0])
})
