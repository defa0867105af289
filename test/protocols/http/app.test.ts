import type { InjectOptions } from 'fastify'
import t from 'tap'
import { parseCidrs } from '../../../src/access/cidr.ts'
import { Failure } from '../../../src/model/failures.ts'
import { aDoor, aSmallWorld, limits, publicUrl } from './a-door.ts'

const operator = { authorization: 'Bearer operator' }
const json = { 'content-type': 'application/json' }

t.test('what a stranger says of host and proxies leaves no trace in any answer', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const headers = {
    ...operator,
    host: 'marker.example',
    forwarded: 'for=marker.example;host=marker.example;proto=marker',
    'x-forwarded-host': 'marker.example',
    'x-forwarded-for': 'marker.example',
    'x-forwarded-proto': 'marker',
    'x-request-id': 'marker',
    'request-id': 'marker',
  }
  const requests: InjectOptions[] = [
    { url: '/v1/resolve/88.118.8/ABC-1' },
    { url: '/v1/resolve/88.118.8/none' },
    { url: 'http://marker.example/v1/resolve/88.118.8/none' },
    { url: 'http://marker.example/v1/identifiers/88.118.8/ABC-1' },
    { url: 'http://marker.example' },
    { url: '/nowhere' },
    { url: '/openapi.json' },
    { url: '/docs' },
    { url: '/docs/' },
    { method: 'OPTIONS', url: '/v1/resolve/x' },
    { method: 'POST', url: '/v1/identifiers', payload: { identifier: '88.118.8/new' } },
    { method: 'POST', url: '/v1/identifiers', payload: '{', headers: { ...headers, ...json } },
    { url: '/v1/resolve/%' },
  ]
  for (const request of requests) {
    const { headers: answered, body, statusCode } = await app.inject({ headers, ...request })

    t.notMatch(
      JSON.stringify(answered) + body,
      /marker/,
      `${request.method ?? 'GET'} ${request.url} ${statusCode}`,
    )
  }
})

t.test('a whole URL in the request line asks for its path', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const whole = await app.inject('http://elsewhere.example/v1/resolve/88.118.8/none?type=URL')

  t.equal(whole.json().code, 'IDENTIFIER_UNKNOWN')
  t.equal(whole.json().instance, '/v1/resolve/88.118.8/none')
})

t.test(
  'an unknown path is 404, a known one with another method 405 that names its methods',
  async t => {
    const { app } = aDoor(t, aSmallWorld)
    const unknown = await app.inject('/v1/nothing')
    const wrong = await app.inject({ method: 'DELETE', url: '/v1/resolve/88.118.8/ABC-1' })
    const batch = await app.inject('/v1/resolve:batch')

    t.equal(unknown.statusCode, 404)
    t.equal(unknown.json().code, 'ROUTE_UNKNOWN')
    t.equal(wrong.statusCode, 405)
    t.equal(wrong.headers['allow'], 'GET, HEAD, OPTIONS')
    for (const method of ['QUERY', 'TRACE', 'PROPFIND'] as const) {
      const odd = await app.inject({ method: method as 'GET', url: '/v1/resolve/88.118.8/ABC-1' })
      t.equal(odd.statusCode, 405, method)
    }
    const headers = { 'content-type': 'text/plain', origin: 'https://page.example' }
    const unread = await app.inject({ method: 'POST', url: '/livez', headers, payload: 'x' })
    t.equal(unread.statusCode, 405)
    t.equal(unread.headers['access-control-allow-origin'], '*')
    t.equal(batch.headers['allow'], 'POST, OPTIONS')
    t.equal(batch.json().code, 'METHOD_UNKNOWN')
  },
)

t.test('our own mistakes are told without details and logged once', async t => {
  const { app, logged } = aDoor(t, {
    ...aSmallWorld,
    parts: {
      audit: {
        list: async () => {
          throw new TypeError('secret detail')
        },
      },
    },
  })
  const answer = await app.inject({ url: '/v1/audit?actor=x', headers: operator })

  t.equal(answer.statusCode, 500)
  t.notMatch(answer.body, /secret|TypeError|audit\.test|stack/)
  t.equal(answer.json().code, 'INTERNAL')
  t.equal(logged.length, 1)
  t.match(logged[0], 'secret detail')
  t.match(logged[0], String(answer.headers['x-request-id']))
})

t.test(
  'a store that is away is told with when to come back, and is no mistake of ours',
  async t => {
    const { app, logged } = aDoor(t, {
      ...aSmallWorld,
      parts: {
        audit: {
          list: async () => {
            throw new Failure('STORE_AWAY', undefined, { retryAfterSeconds: 3 })
          },
        },
      },
    })
    const answer = await app.inject({ url: '/v1/audit', headers: operator })

    t.equal(answer.statusCode, 503)
    t.equal(answer.headers['retry-after'], '3')
    t.strictSame(logged, [])
  },
)

t.test('every media type but JSON is 415', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const post = (headers: Record<string, string>) =>
    app.inject({
      method: 'POST',
      url: '/v1/resolve:batch',
      headers,
      payload: '{"identifiers":["88.118.8/ABC-1"]}',
    })

  t.equal((await post(json)).statusCode, 200)
  t.equal((await post({ 'content-type': 'application/json; charset=utf-8' })).statusCode, 200)
  for (const type of [
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'json',
    'text/json',
  ]) {
    const answer = await post({ 'content-type': type })
    t.equal(answer.statusCode, 415, type)
    t.equal(answer.headers['content-type'], 'application/problem+json', type)
  }
  t.equal((await post({ ...json, 'content-encoding': 'gzip' })).statusCode, 415)
})

t.test('a body above the limit is 413, also when nobody said how long it is', async t => {
  const { app } = aDoor(t, { ...aSmallWorld, limits: { bodyBytesMax: 65_536 } })
  const payload = `{"identifiers":["${'x'.repeat(70_000)}"]}`
  const said = await app.inject({
    method: 'POST',
    url: '/v1/resolve:batch',
    headers: json,
    payload,
  })

  t.equal(said.statusCode, 413)
  t.equal(said.json().code, 'TOO_LARGE')
})

t.test('a URL above the limit is 414', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const path = '/v1/resolve/'
  const at = (length: number) => app.inject(path + 'x'.repeat(length - path.length))

  t.equal((await at(limits.urlBytesMax)).json().code, 'IDENTIFIER_MALFORMED')
  t.equal((await at(limits.urlBytesMax + 1)).statusCode, 414)
})

t.test(
  'NUL, lone surrogates, prototypes and endless depth are refused at every route that reads a body',
  async t => {
    const { app } = aDoor(t, aSmallWorld)
    const bodies = [
      '{"identifier":"88.118.8/\\u0000"}',
      '{"identifier":"88.118.8/\\ud800"}',
      '{"__proto__":{"polluted":1}}',
      '{"constructor":{"prototype":{"polluted":1}}}',
      `{"values":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      '{"a":',
      '"x"',
      '[]',
      'null',
    ]
    const routes = [
      ['POST', '/v1/identifiers'],
      ['PUT', '/v1/identifiers/88.118.8/new'],
      ['PATCH', '/v1/identifiers/88.118.8/ABC-1'],
      ['POST', '/v1/resolve:batch'],
      ['POST', '/v1/prefixes'],
      ['PATCH', '/v1/prefixes/88.118.8'],
      ['POST', '/v1/clients'],
    ] as const
    for (const [method, url] of routes) {
      for (const payload of bodies) {
        const answer = await app.inject({ method, url, headers: { ...operator, ...json }, payload })
        t.equal(answer.statusCode, 400, `${method} ${url} ${payload.slice(0, 30)}`)
        t.equal(answer.json().code, 'INPUT_INVALID')
      }
    }
    t.equal(({} as Record<string, unknown>)['polluted'], undefined)
  },
)

t.test('NUL and broken percent-encoding are refused in paths and queries', async t => {
  const { app } = aDoor(t, aSmallWorld)
  for (const url of [
    '/v1/resolve/a%00b',
    '/v1/resolve/%FF',
    '/v1/resolve/x?type=%00',
    '/v1/reverse?value=%ED%A0%80',
    '/v1/clients/%',
  ]) {
    const answer = await app.inject({ url, headers: operator })
    t.equal(answer.statusCode, 400, url)
  }
})

t.test('web pages may read, and a preflight says so without a credential', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/v1/resolve/88.118.8/ABC-1',
    headers: {
      origin: 'https://page.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'if-none-match',
    },
  })
  const problem = await app.inject({
    url: '/v1/resolve/88.118.8/none',
    headers: { origin: 'https://page.example' },
  })

  t.equal(preflight.statusCode, 204)
  t.equal(preflight.headers['access-control-allow-origin'], '*')
  t.match(preflight.headers['access-control-allow-headers'], 'If-None-Match')
  t.equal(problem.headers['access-control-allow-origin'], '*')
  t.match(problem.headers['access-control-expose-headers'], /^\*/)
  t.equal(problem.headers['access-control-allow-credentials'], undefined)
})

t.test('only the pages of the configured origins may read, and caches are told so', async t => {
  const { app } = aDoor(t, {
    ...aSmallWorld,
    parts: { corsOrigins: () => ['https://ours.example'] },
  })
  const from = async (origin: string) =>
    (await app.inject({ url: '/v1/resolve/88.118.8/ABC-1', headers: { origin } })).headers

  t.equal(
    (await from('https://ours.example'))['access-control-allow-origin'],
    'https://ours.example',
  )
  t.equal((await from('https://ours.example'))['vary'], 'Accept, Origin')
  t.equal((await from('https://theirs.example'))['access-control-allow-origin'], undefined)
})

t.test('every route names its action', async t => {
  const { app, parts } = aDoor(t, aSmallWorld)
  const actions = new Map<string, string | undefined>()
  app.addHook('onRoute', ({ method, url, config }) => {
    actions.set(`${method} ${url}`, config?.action)
  })
  await app.ready()

  const known = new Set<string | undefined>([
    'public',
    ...parts.permissions.matrix().map(({ action }) => action),
  ])
  // The page of the documentation and the preflight are the libraries' own.
  const ours = [...actions].filter(([route]) => !/ (\/docs(\/.*)?|\*)$/.test(route))
  t.ok(ours.length > 20)
  t.strictSame(
    ours.filter(([, action]) => !known.has(action)),
    [],
  )
})

t.test(
  'health says whether the process lives, and apart from that whether it should be asked',
  async t => {
    const { app } = aDoor(t, {
      ...aSmallWorld,
      parts: { readiness: () => ({ ready: false, degraded: ['store'] }) },
    })

    t.strictSame((await app.inject('/livez')).json(), { live: true })
    const ready = await app.inject('/readyz')
    t.equal(ready.statusCode, 503)
    t.strictSame(ready.json(), { ready: false, degraded: ['store'] })
  },
)

t.test('requests are counted by route and status, never by identifier', async t => {
  const { app, parts } = aDoor(t, aSmallWorld)
  for (const path of ['ABC-1', 'ABC-1', 'none']) await app.inject(`/v1/resolve/88.118.8/${path}`)
  await app.inject('/secret-path')

  const text = await parts.registry.metrics()

  t.match(text, 'qxm_http_requests_total{route="/v1/resolve/*",status="200"} 2')
  t.match(text, 'qxm_http_requests_total{route="/v1/resolve/*",status="404"} 1')
  t.match(text, 'qxm_http_requests_total{route="unknown",status="404"} 1')
  t.match(text, 'qxm_http_request_seconds_count{route="/v1/resolve/*"} 3')
  t.notMatch(text, /ABC-1|secret-path/)
})

t.test('the address that is counted is the one a trusted proxy names', async t => {
  const seen: string[] = []
  const { app } = aDoor(t, {
    ...aSmallWorld,
    parts: {
      trustedProxies: () => parseCidrs(['127.0.0.0/8'], ''),
      authenticate: async (_header, address) => {
        seen.push(address)
        throw new Failure('NOT_AUTHENTICATED')
      },
    },
  })
  const headers = { ...operator, 'x-forwarded-for': '6.6.6.6, 198.51.100.7' }

  await app.inject({ url: '/v1/clients', headers })
  await app.inject({ url: '/v1/clients', headers, remoteAddress: '203.0.113.5' })

  t.strictSame(seen, ['198.51.100.7', '203.0.113.5'])
})

t.test('links and types of problems are built from the public address', async t => {
  const { app } = aDoor(t, aSmallWorld)

  t.equal((await app.inject('/x')).json().type, `${publicUrl}/docs/errors#ROUTE_UNKNOWN`)
  t.strictSame((await app.inject('/openapi.json')).json().servers, [{ url: publicUrl }])
})
