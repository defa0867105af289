import t from 'tap'
import { Failure } from '../../../../src/model/failures.ts'
import type { HttpParts } from '../../../../src/protocols/http/parts.ts'
import { aDoor, aSmallWorld, publicUrl } from '../a-door.ts'

const cookie = `__Host-qxm=${'x'.repeat(43)}`
const login = { username: 'li.si', password: 'correct horse battery' }
type Sessions = HttpParts['people']['sessions']

/** The door before people of whom only what the test is about is real. */
function aDoorFor(t: Parameters<typeof aDoor>[0], sessions: Partial<Sessions>, more = {}) {
  const { people } = aDoor(t).parts
  const parts = { people: { ...people, sessions: { ...people.sessions, ...sessions } }, ...more }
  return aDoor(t, { ...aSmallWorld, parts })
}

async function refuse(): Promise<never> {
  throw new Failure('NOT_AUTHENTICATED')
}

t.test('over plain HTTP to the world nobody logs in', async t => {
  const asked: unknown[] = []
  const sessions = {
    login: async (input: unknown) => {
      asked.push(input)
      return refuse()
    },
  }
  const { app } = aDoorFor(t, sessions, { publicUrl: () => 'http://id.example.cn' })

  const reply = await app.inject({ method: 'POST', url: '/v1/sessions', payload: login })

  t.match(reply.json(), { status: 403, errors: [{ rule: 'session.tls' }] })
  t.strictSame(asked, [])
})

t.test('an address logs in so often a minute', async t => {
  const { app } = aDoorFor(t, { login: refuse })
  const attempt = (remoteAddress: string) =>
    app.inject({ method: 'POST', url: '/v1/sessions', payload: login, remoteAddress })

  for (let count = 0; count < 30; count++) {
    t.equal((await attempt('203.0.113.5')).statusCode, 401)
  }
  const refused = await attempt('203.0.113.5')

  t.equal(refused.statusCode, 429)
  t.ok(Number(refused.headers['retry-after']) > 0)
  t.equal((await attempt('203.0.113.6')).statusCode, 401)
})

t.test('a page is answered with a page, whatever went wrong before its form was read', async t => {
  const { app } = aDoorFor(t, { login: async () => refuse() })
  const send = (url: string, payload: string, more = {}) =>
    app.inject({
      method: 'POST',
      url,
      payload,
      headers: {
        accept: 'text/html',
        'accept-language': 'en',
        'content-type': 'application/x-www-form-urlencoded',
        ...more,
      },
    })
  const whole = 'username=li.si&password=x'

  for (const [reply, status, text] of [
    [await send('/v1/sessions', whole), 401, 'a valid credential is needed'],
    [await send('/v1/sessions', 'username=li.si'), 400, 'this member is missing'],
    [await send('/v1/sessions', `${whole}&username=twice`), 400, 'the type must be string'],
    [await send('/v1/sessions', whole, { origin: 'null' }), 403, 'must come from a page'],
    [await send('/v1/sessions', `password=${'x'.repeat(20_000)}`), 413, 'too large'],
    [await send('/setup', 'token=x', { origin: 'https://evil.example' }), 403, 'a page'],
  ] as const) {
    t.equal(reply.statusCode, status, text)
    t.match(reply.headers['content-type'], 'text/html')
    t.match(reply.body, text)
    t.match(reply.body, '<form method="post"')
  }
})

t.test('a request with another credential never looks at the cookie', async t => {
  const looked: string[] = []
  const { app } = aDoorFor(t, {
    find: async token => {
      looked.push(token)
      return undefined
    },
  })
  const headers = { authorization: 'Bearer operator', cookie }

  t.equal((await app.inject({ url: '/v1/clients', headers })).statusCode, 200)
  t.strictSame(looked, [])
  t.equal((await app.inject({ url: '/v1/clients', headers: { cookie } })).statusCode, 401)
  t.strictSame(looked, ['x'.repeat(43)])
})

t.test('while the store is away whoever is logged in gets what anyone gets', async t => {
  const { app } = aDoorFor(t, {
    find: async () => {
      throw new Failure('STORE_AWAY')
    },
  })
  const get = (url: string) => app.inject({ url, headers: { cookie } })

  t.equal((await get('/v1/resolve/88.118.8/ABC-1')).statusCode, 200)
  t.equal((await get('/v1/clients')).statusCode, 503)
})

t.test('links lead to where the world sees us, whatever the request says', async t => {
  const { people } = aDoor(t).parts
  const link = { token: 'qxs_x', until: '2026-11-24T06:00:00Z' }
  const accounts = { ...people.accounts, inviteOperator: async () => link }
  const { app } = aDoor(t, { ...aSmallWorld, parts: { people: { ...people, accounts } } })

  const headers = { authorization: 'Bearer operator', host: 'evil.example' }
  const reply = await app.inject({ method: 'POST', url: '/v1/setup-links', headers })

  t.equal(reply.statusCode, 201)
  t.strictSame(reply.json(), { link: `${publicUrl}/setup#qxs_x`, until: link.until })
})
