import t from 'tap'
import { aDoor, aSmallWorld } from '../a-door.ts'

const operator = { authorization: 'Bearer operator' }

t.test('prefixes are the operator’s', async t => {
  const { app } = aDoor(t, aSmallWorld)
  for (const [who, status] of [
    ['operator', 200],
    ['owner', 403],
    ['nobody', 401],
  ] as const) {
    const headers = { authorization: `Bearer ${who}` }
    t.equal((await app.inject({ url: '/v1/prefixes', headers })).statusCode, status, who)
  }
  t.equal((await app.inject('/v1/prefixes')).statusCode, 401)
})

t.test('a list is paged by the keys it shows', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = cursor === '' ? '' : `&cursor=${cursor}`
    const page: { items: { prefix: string }[]; next: string | null } = (
      await app.inject({ url: `/v1/prefixes?limit=1${query}`, headers: operator })
    ).json()
    seen.push(...page.items.map(({ prefix }) => prefix))
    cursor = page.next
  }

  t.strictSame(seen, ['88.118.1', '88.118.7', '88.118.8', '88.118.9'])
  t.equal((await app.inject({ url: '/v1/prefixes?cursor=!', headers: operator })).statusCode, 400)
})

t.test('a prefix names its owner by code, and its sites', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const read = (path: string) => app.inject({ url: `/v1/prefixes/${path}`, headers: operator })

  t.match((await read('88.118.8')).json(), {
    owner: '88.118.1/AAAAAAAAAAAAAA',
    served: 'hosted',
    for: ['product', 'equipment'],
  })
  t.match((await read('88.118.9')).json(), {
    owner: null,
    served: 'delegated',
    sites: [{ address: '192.0.2.7' }],
  })
  t.equal((await read('gs1:690')).statusCode, 400)
  t.equal((await read('gs1:6901234')).json().code, 'PREFIX_UNKNOWN')
})

t.test('a prefix is created, changed under its tag, and not created twice', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const create = () =>
    app.inject({
      method: 'POST',
      url: '/v1/prefixes',
      headers: operator,
      payload: { system: 'gs1', prefix: '6901234' },
    })
  const patch = (tag: string) =>
    app.inject({
      method: 'PATCH',
      url: '/v1/prefixes/gs1:6901234',
      headers: { ...operator, 'if-match': tag },
      payload: { state: 'disabled' },
    })

  const created = await create()
  t.equal(created.statusCode, 201)
  t.equal(created.headers['location'], '/v1/prefixes/gs1%3A6901234')
  t.equal((await create()).statusCode, 409)
  t.equal((await patch('"9"')).statusCode, 412)
  t.match((await patch('"1"')).json(), { state: 'disabled', serial: 2 })
})
