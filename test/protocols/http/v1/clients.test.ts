import t from 'tap'
import type { ClientInput } from '../../../../src/protocols/http/parts.ts'
import { aDoor, aSmallWorld } from '../a-door.ts'

const operator = { authorization: 'Bearer operator' }

t.test('a key is shown once, to the operator', async t => {
  const made: ClientInput[] = []
  const { app } = aDoor(t, {
    ...aSmallWorld,
    parts: {
      clients: {
        create: async input => {
          made.push(input)
          return { id: '0123abcd', key: 'qxk_0123abcd_x' }
        },
        list: async () => ({ items: [], next: null }),
        revoke: async id => id === '0123abcd',
      },
    },
  })

  const created = await app.inject({
    method: 'POST',
    url: '/v1/clients',
    headers: operator,
    payload: { name: 'ERP', role: 'enterprise', prefixes: ['88.118.8'] },
  })

  t.equal(created.statusCode, 201)
  t.strictSame(created.json(), { id: '0123abcd', key: 'qxk_0123abcd_x' })
  t.equal(created.headers['cache-control'], 'private, no-store')
  t.strictSame(made, [
    {
      name: 'ERP',
      role: 'enterprise',
      subject: null,
      prefixes: ['88.118.8'],
      cidrs: [],
      until: null,
    },
  ])
  t.strictSame((await app.inject({ url: '/v1/clients', headers: operator })).json(), {
    items: [],
    next: null,
  })
})

t.test('a revoked client is gone, an unknown one was never there', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const revoke = (id: string) =>
    app.inject({ method: 'DELETE', url: `/v1/clients/${id}`, headers: operator })

  t.equal((await revoke('0123abcd')).statusCode, 204)
  t.equal((await revoke('ffffffff')).statusCode, 404)
  t.equal((await revoke('nonsense')).statusCode, 400)
})

t.test('roles and instants are checked', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const create = (more: object) =>
    app.inject({
      method: 'POST',
      url: '/v1/clients',
      headers: operator,
      payload: { name: 'x', role: 'bank', ...more },
    })

  t.match((await create({ role: 'king' })).json().errors, [{ pointer: '/role', rule: 'enum' }])
  t.match((await create({ until: 'soon' })).json().errors, [{ pointer: '/until', rule: 'anyOf' }])
  t.equal((await create({ until: '2027-01-01T00:00:00Z' })).statusCode, 201)
})

t.test('a list never holds a key or its hash', async t => {
  const stored = {
    id: '0123abcd',
    name: 'ERP',
    role: 'enterprise' as const,
    subject: null,
    prefixes: [],
    cidrs: [],
    until: null,
    hasApiKey: true,
    keys: [],
    certificates: [],
    createdAt: '2026-11-23T06:00:00Z',
    revokedAt: null,
    hash: Buffer.from('hash'),
    key: 'qxk_secret',
  }
  const { parts } = aDoor(t, aSmallWorld)
  const list = async () => ({ items: [stored], next: null })
  const door = aDoor(t, { ...aSmallWorld, parts: { clients: { ...parts.clients, list } } })

  const { hash: _, key: __, hasApiKey: apiKey, keys, ...shown } = stored
  t.strictSame((await door.app.inject({ url: '/v1/clients', headers: operator })).json().items, [
    { ...shown, apiKey, jwks: { keys } },
  ])
})
