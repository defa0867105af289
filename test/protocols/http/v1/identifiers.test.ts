import t from 'tap'
import { aDoor, aSmallWorld } from '../a-door.ts'

const owner = { authorization: 'Bearer owner' }
const values = [{ index: 1, type: 'URL', data: 'https://example.com/' }]
const url = '/v1/identifiers/88.118.8/new'

type Door = ReturnType<typeof aDoor>
async function create({ app }: Door, more: object = {}, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'POST',
    url: '/v1/identifiers',
    headers: { ...owner, ...headers },
    payload: { identifier: '88.118.8/new', kind: 'product', values, ...more },
  })
}

t.test('a record lives: created, read, replaced, changed, withdrawn, created again', async t => {
  const door = aDoor(t, aSmallWorld)
  const { app } = door
  const as = (method: 'GET' | 'PUT' | 'PATCH' | 'DELETE', payload?: object, path = url) =>
    app.inject({ method, url: path, headers: owner, ...(payload === undefined ? {} : { payload }) })

  const created = await create(door)
  t.equal(created.statusCode, 201)
  t.equal(created.headers['location'], '/v1/identifiers/88.118.8%2Fnew')
  t.equal(created.headers['etag'], '"1"')
  t.match(created.json(), {
    identifier: '88.118.8/new',
    kind: 'product',
    serial: 1,
    basis: 'authority',
  })
  t.equal(
    (await app.inject({ url: String(created.headers['location']), headers: owner })).body,
    created.body,
  )

  const replaced = await as('PUT', { values: [] })
  t.equal(replaced.statusCode, 200)
  t.match(replaced.json(), { serial: 2, kind: 'product', values: [] })

  const patched = await as('PATCH', { kind: 'equipment' })
  t.match(patched.json(), { serial: 3, kind: 'equipment' })

  const withdrawn = await as('DELETE', undefined, `${url}?reason=sold&successor=88.118.8/ABC-1`)
  t.match(withdrawn.json(), {
    serial: 4,
    values: [],
    gone: { reason: 'sold' },
    successor: '88.118.8/ABC-1',
  })
  t.match((await as('GET')).json(), { status: 410, reason: 'sold', serial: 4 })
  t.match((await as('PATCH', {})).json(), { status: 410 })

  t.match((await create(door)).json(), { serial: 5 })
  t.equal((await create(door)).statusCode, 409)
})

t.test('PUT creates what is not there', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const created = await app.inject({ method: 'PUT', url, headers: owner, payload: { values } })

  t.equal(created.statusCode, 201)
  t.equal(created.headers['location'], '/v1/identifiers/88.118.8%2Fnew')
})

t.test('PUT with index touches these values only', async t => {
  const door = aDoor(t, aSmallWorld)
  await create(door, { values: [...values, { index: 2, type: 'NAME', data: 'a' }] })

  const payload = { values: [{ index: 2, type: 'NAME', data: 'b' }] }
  const put = await door.app.inject({
    method: 'PUT',
    url: `${url}?index=2`,
    headers: owner,
    payload,
  })

  t.match(put.json().values, [{ index: 1 }, { index: 2, data: { value: 'b' } }])
})

t.test('what was read can be written back', async t => {
  const door = aDoor(t, aSmallWorld)
  const { values: read } = (await create(door)).json()

  const put = await door.app.inject({
    method: 'PUT',
    url,
    headers: owner,
    payload: { values: read },
  })

  t.equal(put.statusCode, 200)
  t.strictSame(put.json().values, read)
})

t.test('a stale tag is refused, of the record or of an answer', async t => {
  const door = aDoor(t, aSmallWorld)
  await create(door)
  const answerTag = String((await door.app.inject('/v1/resolve/88.118.8/new')).headers['etag'])
  const patch = (tag: string) =>
    door.app.inject({
      method: 'PATCH',
      url,
      headers: { ...owner, 'if-match': tag },
      payload: { kind: 'other' },
    })

  t.equal((await patch('"7"')).statusCode, 412)
  t.equal((await patch('"7"')).json().serial, 1)
  t.equal((await patch(answerTag)).statusCode, 200)
  t.equal((await patch(answerTag)).statusCode, 412)
  t.equal((await patch('"2"')).statusCode, 200)
  for (const bad of ['*', '7', 'W/"2"', '"a"', '"1", "2"']) {
    const answer = await patch(bad)
    t.equal(answer.statusCode, 400, bad)
    t.match(answer.json().errors, [{ pointer: '/if-match' }], bad)
  }
})

t.test('If-None-Match: * creates only where there is nothing', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const put = () =>
    app.inject({
      method: 'PUT',
      url,
      headers: { ...owner, 'if-none-match': '*' },
      payload: { values },
    })

  t.equal((await put()).statusCode, 201)
  t.equal((await put()).statusCode, 412)
})

t.test('a repetition under its key gets the same answer, another request under it 409', async t => {
  const door = aDoor(t, aSmallWorld)
  const key = { 'idempotency-key': 'k-1' }

  const first = await create(door, {}, key)
  const again = await create(door, {}, key)
  const other = await create(door, { kind: 'other' }, key)
  const others = await door.app.inject({
    method: 'POST',
    url: '/v1/identifiers',
    headers: { authorization: 'Bearer operator', ...key },
    payload: { identifier: '88.118.8/other' },
  })

  t.equal(again.statusCode, 201)
  t.equal(again.body, first.body)
  t.equal(other.json().code, 'IDEMPOTENCY_MISMATCH')
  t.equal(others.statusCode, 201)
  for (const bad of ['', 'a b', 'x'.repeat(256)]) {
    t.equal((await create(door, {}, { 'idempotency-key': bad })).statusCode, 400, bad)
  }
})

t.test(
  'without a credential nothing is read of a write; without authority nothing is done',
  async t => {
    const { app } = aDoor(t, aSmallWorld)
    const nobody = await app.inject({
      method: 'POST',
      url: '/v1/identifiers',
      payload: '{broken',
      headers: { 'content-type': 'application/json' },
    })
    const other = await app.inject({
      method: 'POST',
      url: '/v1/identifiers',
      headers: { authorization: 'Bearer other', 'accept-language': 'en' },
      payload: { identifier: '88.118.8/new' },
    })

    t.equal(nobody.statusCode, 401)
    t.equal(other.statusCode, 403)
    t.match(other.json().errors, [{ pointer: '/identifier', rule: 'authority' }])
  },
)

t.test('a record as it is stored is for those who keep it', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const read = (who: string, path = '/v1/identifiers/88.118.8/ABC-1') =>
    app.inject({ url: path, headers: { authorization: `Bearer ${who}` } })

  t.equal((await read('owner')).statusCode, 200)
  t.equal((await read('operator')).statusCode, 200)
  t.equal((await read('other')).statusCode, 403)
  t.equal((await read('other', '/v1/identifiers/88.118.8/none')).statusCode, 403)
  t.equal((await read('owner', '/v1/identifiers/88.118.8/none')).json().code, 'IDENTIFIER_UNKNOWN')
  t.equal((await app.inject('/v1/identifiers/88.118.8/ABC-1')).statusCode, 401)
})

t.test('a list shows what is under a prefix to who may list it', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const list = (who: string, prefix: string) =>
    app.inject({
      url: `/v1/identifiers?prefix=${prefix}`,
      headers: { authorization: `Bearer ${who}` },
    })

  t.match((await list('owner', '88.118.8')).json(), {
    items: [{ identifier: '88.118.8/ABC-1' }],
    next: null,
  })
  t.equal((await list('other', '88.118.8')).statusCode, 403)
  t.equal((await list('owner', '88.118.5')).json().code, 'PREFIX_UNKNOWN')
  t.equal((await list('owner', 'not a prefix')).statusCode, 400)
})

t.test('every broken rule is named where it is broken', async t => {
  const door = aDoor(t, aSmallWorld)
  const answer = await create(door, {
    identifier: 7,
    kind: 'thing',
    x: 1,
    values: [
      { index: 0, type: '', data: {} },
      { index: '2', type: 'URL', data: 'x', 'a/b~c': 1 },
    ],
  })

  const rules = answer
    .json()
    .errors.map(({ pointer, rule }: { pointer: string; rule: string }) => `${pointer} ${rule}`)
  t.equal(answer.statusCode, 400)
  t.strictSame(rules.sort(), [
    '/identifier type',
    '/kind enum',
    '/values/0/data anyOf',
    '/values/0/index minimum',
    '/values/0/type minLength',
    '/values/1/a~1b~0c additionalProperties',
    '/values/1/index type',
    '/x additionalProperties',
  ])
})

t.test('a thousand mistakes are answered with the first few', async t => {
  const door = aDoor(t, aSmallWorld)
  const answer = await create(door, { values: Array(1000).fill({}) })

  t.equal(answer.statusCode, 400)
  t.equal(answer.json().errors.length, 20)
})
