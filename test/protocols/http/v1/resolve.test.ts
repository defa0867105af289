import t from 'tap'
import { Failure } from '../../../../src/model/failures.ts'
import { aRecord, aValue } from '../../../support/builders.ts'
import { aDoor, aSmallWorld, protobuf } from '../a-door.ts'

const url = '/v1/resolve/88.118.8/ABC-1'

t.test('an identifier is answered however its path is written', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const first = await app.inject(url)
  const paths = [
    '/v1/resolve/88.118.8%2FABC-1',
    '/v1/resolve/88.118.8/abc-1',
    '/v1/resolve/hdl:88.118.8/ABC-1',
  ]

  t.equal(first.statusCode, 200)
  t.equal(first.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(first.json().identifier, '88.118.8/ABC-1')
  for (const path of paths) t.equal((await app.inject(path)).body, first.body, path)
})

t.test('the answer says how long it may be kept, by whom, and where it came from', async t => {
  const { app, clock } = aDoor(t, aSmallWorld)
  const first = await app.inject(url)
  await clock.advance(7_000)
  const second = await app.inject(url)

  t.equal(first.headers['x-qxm-source'], 'store')
  t.equal(first.headers['age'], '0')
  t.equal(first.headers['cache-control'], 'public, max-age=300')
  t.equal(first.headers['vary'], 'Accept')
  t.equal(first.headers['access-control-allow-origin'], '*')
  t.equal(second.headers['x-qxm-source'], 'memory')
  t.equal(second.headers['age'], '7')
  t.equal(second.body, first.body)
})

t.test('who has the tag gets 304 until the record changes', async t => {
  const { app, house, parts } = aDoor(t, aSmallWorld)
  const etag = String((await app.inject(url)).headers['etag'])

  const same = await app.inject({ url, headers: { 'if-none-match': etag } })
  const record = aRecord({
    identifier: '88.118.8/ABC-1',
    serial: 2,
    values: [aValue({ index: 2 })],
  })
  house.records.set(record.key, record)
  house.onWritten([record.key])
  const changed = await app.inject({ url, headers: { 'if-none-match': etag } })

  t.equal(same.statusCode, 304)
  t.equal(same.body, '')
  t.equal(same.headers['etag'], etag)
  t.equal(changed.statusCode, 200)
  t.not(changed.headers['etag'], etag)
  t.ok(parts)
})

t.test('Protobuf is another representation of the same answer', async t => {
  const { app, parts } = aDoor(t, aSmallWorld)
  const json = await app.inject(url)
  const binary = await app.inject({ url, headers: { accept: 'application/x-protobuf' } })
  const { answer } = await parts.resolver.resolve({
    identifier: parts.names.parse('88.118.8/ABC-1'),
    caller: { id: 'anyone', role: 'anyone', subject: null, prefixes: [] },
    filter: { types: [], indexes: [] },
  })

  t.equal(binary.headers['content-type'], 'application/x-protobuf')
  t.strictSame(binary.rawPayload, protobuf.encode(answer))
  t.not(binary.headers['etag'], json.headers['etag'])
})

t.test('type and index choose values together', async t => {
  const record = aRecord({
    values: [aValue(), aValue({ index: 2, type: 'EMAIL' }), aValue({ index: 3, type: 'NAME' })],
  })
  const { app } = aDoor(t, { ...aSmallWorld, records: [record] })
  const indexes = async (query: string) =>
    (await app.inject(`${url}?${query}`))
      .json()
      .values.map((value: { index: number }) => value.index)

  t.strictSame(await indexes('type=EMAIL'), [2])
  t.strictSame(await indexes('type=email&index=3'), [2, 3])
  t.strictSame(await indexes('index=1&index=3'), [1, 3])
  t.strictSame(await indexes('index=9'), [])
})

t.test('trace=1 explains in the language of the asker', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const ask = async (language: string) =>
    (
      await app.inject({
        url: `${url.replace('ABC', 'abc')}?trace=1`,
        headers: { 'accept-language': language },
      })
    ).json()

  const [zh, en] = [await ask('zh'), await ask('en')]

  t.equal(zh.asked, '88.118.8/abc-1')
  t.equal(zh.trace[0].step, 'name')
  t.equal(zh.trace[0].text, '识别为标识体系中的一个标识')
  t.equal(en.trace[0].text, 'recognised as an identifier of this system')
  t.strictSame(en.trace[0].facts, { system: 'handle', normal: '88.118.8/abc-1' })
  t.equal(zh.identifier, '88.118.8/ABC-1')
})

t.test('malformed, unknown, nobody’s and withdrawn are four different answers', async t => {
  const gone = aRecord({
    identifier: '88.118.8/gone',
    values: [],
    gone: { reason: 'sold' },
    successor: '88.118.8/ABC-1',
  })
  const { app } = aDoor(t, { ...aSmallWorld, records: [...aSmallWorld.records, gone] })
  const ask = async (path: string) => {
    const { statusCode, headers, ...response } = await app.inject(`/v1/resolve/${path}`)
    return { statusCode, type: headers['content-type'], problem: response.json() }
  }

  const [malformed, unknown, nobodys, withdrawn] = [
    await ask('88.118.8/a%E2%80%8Bb'),
    await ask('88.118.8/none'),
    await ask('99.1/none'),
    await ask('88.118.8/gone'),
  ]

  t.equal(malformed.problem.code, 'IDENTIFIER_MALFORMED')
  t.equal(malformed.statusCode, 400)
  t.match(malformed.problem.errors, [{ pointer: '/identifier', rule: 'text.invisible' }])
  t.equal(unknown.problem.code, 'IDENTIFIER_UNKNOWN')
  t.equal(unknown.statusCode, 404)
  t.equal(nobodys.problem.code, 'PREFIX_UNKNOWN')
  t.equal(withdrawn.statusCode, 410)
  t.match(withdrawn.problem, {
    code: 'IDENTIFIER_GONE',
    reason: 'sold',
    successor: '88.118.8/ABC-1',
  })
  for (const { type } of [malformed, unknown, nobodys, withdrawn])
    t.equal(type, 'application/problem+json')
})

t.test('a delegated prefix is answered with whom to ask', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const answer = await app.inject('/v1/resolve/88.118.9/x?recurse=1')

  t.equal(answer.statusCode, 200)
  t.match(answer.json(), {
    values: [],
    referral: { prefix: '88.118.9', sites: [{ address: '192.0.2.7' }] },
  })
})

t.test('what only its keeper sees is for nobody else to keep', async t => {
  const record = aRecord({ values: [aValue(), aValue({ index: 2, permissions: '1100' })] })
  const { app } = aDoor(t, { ...aSmallWorld, records: [record] })
  const anyones = await app.inject(url)
  const owners = await app.inject({ url, headers: { authorization: 'Bearer owner' } })
  const others = await app.inject({ url, headers: { authorization: 'Bearer other' } })

  t.equal(anyones.json().values.length, 1)
  t.strictSame(anyones.json().withheld, [{ index: 2, type: 'URL', reason: 'notPublic' }])
  t.equal(owners.json().values.length, 2)
  t.equal(owners.headers['cache-control'], 'private, no-store')
  t.not(owners.headers['etag'], anyones.headers['etag'])
  t.equal(others.body, anyones.body)
  t.equal(others.headers['cache-control'], 'private, max-age=300')
})

t.test('a refused credential is 401, also for a public question', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const answer = await app.inject({ url, headers: { authorization: 'Bearer nobody' } })

  t.equal(answer.statusCode, 401)
  t.equal(answer.headers['www-authenticate'], 'Bearer realm="qxm"')
})

t.test('no-cache asks the store again', async t => {
  const { app } = aDoor(t, aSmallWorld)
  await app.inject(url)

  const fresh = await app.inject({ url, headers: { 'cache-control': 'no-cache' } })

  t.equal(fresh.headers['x-qxm-source'], 'store')
})

t.test(
  'while the store is away an old answer is given and says so; what is not known is 503',
  async t => {
    const { app, house, clock } = aDoor(t, aSmallWorld)
    await app.inject(url)
    await clock.advance(400_000)
    house.away = new Failure('STORE_AWAY', undefined, { retryAfterSeconds: 2 })

    const old = await app.inject(url)
    const unknown = await app.inject('/v1/resolve/88.118.8/other')

    t.equal(old.json().stale, true)
    t.equal(old.headers['cache-control'], 'no-cache')
    t.notOk(old.headers['etag'])
    t.equal(unknown.statusCode, 503)
    t.equal(unknown.headers['retry-after'], '2')
  },
)

t.test('HEAD is GET without the body', async t => {
  const { app } = aDoor(t, aSmallWorld)
  await app.inject(url)
  const get = await app.inject(url)
  const head = await app.inject({ method: 'HEAD', url })

  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  for (const name of ['content-length', 'content-type', 'etag', 'cache-control', 'x-qxm-source']) {
    t.equal(
      head.headers[name],
      name === 'content-length' ? String(get.rawPayload.length) : get.headers[name],
      name,
    )
  }
})

t.test('a parameter that is not ours is refused, not passed over', async t => {
  const { app } = aDoor(t, aSmallWorld)
  for (const query of [
    'foo=1',
    'index=x',
    'index=0',
    'index=2147483648',
    'trace=2',
    '__proto__=1',
  ]) {
    const answer = await app.inject(`${url}?${query}`)
    t.equal(answer.statusCode, 400, query)
    t.equal(answer.json().code, 'INPUT_INVALID', query)
  }
})

t.test('the fast way and the ordinary way give the same answer', async t => {
  const { app, parts } = aDoor(t, aSmallWorld)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const fetched = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${url}`, { headers })
    const {
      date: _,
      connection: __,
      'keep-alive': ___,
      ...kept
    } = Object.fromEntries(response.headers)
    return { status: response.status, headers: kept, body: await response.text() }
  }
  await fetched()
  const { resolve } = parts.resolver
  let ordinaryCount = 0
  parts.resolver.resolve = question => {
    ordinaryCount += 1
    return resolve(question)
  }

  const fast = await fetched()
  t.equal(ordinaryCount, 0)
  const injected = await app.inject(url)
  t.equal(ordinaryCount, 1)
  const { connection: _, date: __, ...ordinary } = injected.headers

  t.strictSame(
    fast.headers,
    Object.fromEntries(Object.entries(ordinary).map(([name, value]) => [name, String(value)])),
  )
  t.equal(fast.body, injected.body)
  const etag = fast.headers['etag'] ?? ''
  t.equal((await fetched({ 'if-none-match': etag })).status, 304)
  t.equal(
    (await fetched({ accept: 'application/x-protobuf' })).headers['etag'],
    etag.replace(/"$/, '.p"'),
  )
})
