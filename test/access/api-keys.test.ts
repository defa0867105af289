import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { makeAccessTokens } from '../../src/access/access-tokens.ts'
import {
  demandRoleForClient,
  makeApiKey,
  makeAuthenticate,
  parseApiKey,
  type Refusal,
} from '../../src/access/api-keys.ts'
import { parseCidrs } from '../../src/access/cidr.ts'
import type { Client, PeerCertificate } from '../../src/access/parts.ts'
import { makeApiKeyHash } from '../../src/crypto/api-key-hash.ts'
import { makeSigningKeys } from '../../src/crypto/signing-keys.ts'
import { anyone } from '../../src/model/caller.ts'
import { failures } from '../../src/model/failures.ts'
import { aSigningKey } from '../support/signing-keys.ts'

const hash = makeApiKeyHash(Buffer.alloc(32, 0x33))
const text = 'qxk_ab12cd34_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
const nowMs = Date.parse('2026-11-23T06:00:00Z')

const signingKeys = makeSigningKeys([aSigningKey()], 0)
const tokens = makeAccessTokens({
  keys: () => signingKeys,
  issuer: () => 'https://id.example.cn',
  makeId: () => 'one of a kind',
})
const noCertificate = () => undefined
const certificate: PeerCertificate = { thumbprint: 'x5t', validFromMs: 0, validToMs: Infinity }

function aClient(more: Partial<Client> = {}): Client {
  return {
    id: 'ab12cd34',
    name: 'ERP',
    role: 'enterprise',
    subject: 'subject-1',
    prefixes: ['88.118.8'],
    cidrs: [],
    until: null,
    hash: hash(text),
    keys: [],
    certificates: [],
    revokedAt: null,
    ...more,
  }
}

function aDoor(client: Client | undefined) {
  const refusals: Refusal[] = []
  const authenticate = makeAuthenticate({
    clients: {
      find: async id =>
        client?.id === id ? { client, networks: parseCidrs(client.cidrs, '/cidrs') } : undefined,
    },
    hash,
    readToken: tokens.read,
    onRefused: refusal => refusals.push(refusal),
  })
  const ask = (
    header: string | undefined = `Bearer ${text}`,
    address = '10.0.0.1',
    certificate?: PeerCertificate,
  ) => authenticate(header, address, nowMs, () => certificate)
  return { ask, refusals }
}

t.test('a made key is read again, and its text holds 256 random bits', async t => {
  const key = makeApiKey(randomBytes)

  t.same(parseApiKey(key.text), key)
  t.match(key.text, new RegExp(`^qxk_${key.id}_[A-Za-z0-9_-]{43}$`))
  t.not(makeApiKey(randomBytes).text, key.text)
})

t.test('what is not exactly a key is none', async t => {
  const secret = text.slice(-43)
  const wrong = [
    '',
    'qxk_',
    text.slice(0, -1),
    `${text}A`,
    text.toUpperCase(),
    ` ${text}`,
    `${text}\n`,
    `qxk_AB12CD34_${secret}`,
    `qxk_ab12cd3_${secret}`,
    `qxk_ab12cd34_${'='.repeat(43)}`,
    `qxk-ab12cd34-${secret}`,
    `qxk_ab12cd34_${'é'.repeat(43)}`,
  ]

  for (const each of wrong) t.equal(parseApiKey(each), undefined, each)
  fc.assert(fc.property(fc.string(), any => parseApiKey(any) === undefined))
})

t.test('a request without a credential is anyone', async t => {
  const { ask } = aDoor(aClient())
  const authenticate = makeAuthenticate({
    clients: { find: () => t.fail('nobody is looked up') as never },
    hash,
    readToken: tokens.read,
    onRefused: () => t.fail('nothing is refused'),
  })

  t.equal(await authenticate(undefined, '10.0.0.1', nowMs, noCertificate), anyone)
  t.not(await ask(), anyone)
})

t.test('a key makes its client the caller, and the caller holds nothing secret', async t => {
  const { ask, refusals } = aDoor(aClient())

  for (const header of [`Bearer ${text}`, `bearer ${text}`, `BEARER  ${text}`]) {
    t.strictSame(await ask(header), {
      id: 'ab12cd34',
      role: 'enterprise',
      subject: 'subject-1',
      prefixes: ['88.118.8'],
    })
  }
  t.same(refusals, [])
})

t.test('every refusal is the same to the caller, and its reason goes to the log only', async t => {
  const other = `${text.slice(0, -1)}9`
  const cases: [reason: Refusal['reason'], client: Client | undefined, header?: string][] = [
    ['unknown', undefined],
    ['secret', aClient(), `Bearer ${other}`],
    ['secret', aClient({ hash: null })],
    ['secret', aClient({ revokedAt: '2026-11-01T00:00:00Z' }), `Bearer ${other}`],
    ['revoked', aClient({ revokedAt: '2026-11-01T00:00:00Z' })],
    ['expired', aClient({ until: '2026-11-23T06:00:00Z' })],
    ['expired', aClient({ until: 'next year' })],
    ['address', aClient({ cidrs: ['10.0.1.0/24', '::1'] })],
    ['form', aClient(), `Basic ${text}`],
    ['form', aClient(), text],
    ['form', aClient(), ''],
    ['form', aClient(), `Bearer ${text}, Bearer ${text}`],
  ]

  for (const [reason, client, header] of cases) {
    const { ask, refusals } = aDoor(client)

    const failure = await ask(header).catch(failure => failure)

    t.equal(failure.code, 'NOT_AUTHENTICATED', reason)
    t.equal(failure.detail, failures.NOT_AUTHENTICATED)
    t.same([failure.errors, failure.facts, failure.cause], [[], {}, undefined])
    t.match(refusals, [{ reason }])
    t.notMatch(JSON.stringify(refusals), text.slice(-43))
  }
})

t.test('a key works until its end and from its networks', async t => {
  const { ask } = aDoor(aClient({ until: '2026-11-23T06:00:01Z', cidrs: ['10.0.0.0/24'] }))

  t.match(await ask(), { id: 'ab12cd34' })
  t.match(await ask(undefined, '::ffff:10.0.0.7'), { id: 'ab12cd34' })
})

t.test(
  'an API key is not for the top-level node, and machines do not decide over others in production',
  async t => {
    const standard = { production: false }
    const production = { production: true }

    const demandRoleForKey = (
      client: Pick<Client, 'role' | 'cidrs'>,
      where: { production: boolean },
    ) => demandRoleForClient({ ...client, hasApiKey: true }, where)
    const proven = { role: 'topnode', cidrs: [], hasApiKey: false } as const

    t.throws(() => demandRoleForKey({ role: 'topnode', cidrs: ['::1'] }, standard), {
      errors: [{ pointer: '/role', rule: 'client.role' }],
    })
    t.doesNotThrow(() => demandRoleForClient(proven, production))
    t.throws(() => demandRoleForClient({ ...proven, role: 'reviewer' }, production), {
      errors: [{ rule: 'client.role' }],
    })
    for (const role of ['reviewer', 'government'] as const) {
      t.doesNotThrow(() => demandRoleForKey({ role, cidrs: [] }, standard))
      t.throws(() => demandRoleForKey({ role, cidrs: ['::1'] }, production), {
        errors: [{ rule: 'client.role' }],
      })
    }
    t.doesNotThrow(() => demandRoleForKey({ role: 'operator', cidrs: [] }, standard))
    t.doesNotThrow(() => demandRoleForKey({ role: 'operator', cidrs: ['::1'] }, production))
    t.throws(() => demandRoleForKey({ role: 'operator', cidrs: [] }, production), {
      errors: [{ pointer: '/cidrs', rule: 'client.cidrs' }],
    })
    t.doesNotThrow(() => demandRoleForKey({ role: 'enterprise', cidrs: [] }, production))
  },
)

t.test('an access token makes its client the caller while the client may call', async t => {
  const token = await tokens.issue('ab12cd34', undefined, nowMs)
  const header = `Bearer ${token}`
  const cases: [reason: Refusal['reason'], client: Client | undefined][] = [
    ['unknown', undefined],
    ['revoked', aClient({ revokedAt: '2026-11-01T00:00:00Z' })],
    ['expired', aClient({ until: '2026-11-23T06:00:00Z' })],
    ['address', aClient({ cidrs: ['10.0.1.0/24'] })],
  ]

  t.strictSame(await aDoor(aClient({ hash: null })).ask(header), {
    id: 'ab12cd34',
    role: 'enterprise',
    subject: 'subject-1',
    prefixes: ['88.118.8'],
  })
  for (const [reason, client] of cases) {
    const { ask, refusals } = aDoor(client)
    await t.rejects(ask(header), { code: 'NOT_AUTHENTICATED' })
    t.strictSame(refusals, [{ reason, id: 'ab12cd34' }])
  }
  const { ask, refusals } = aDoor(aClient())
  await t.rejects(ask(`${header}x`), { code: 'NOT_AUTHENTICATED' })
  t.strictSame(refusals, [{ reason: 'token' }])
})

t.test('a token that is bound to a certificate is worth nothing without it', async t => {
  const { ask, refusals } = aDoor(aClient())
  const bound = `Bearer ${await tokens.issue('ab12cd34', 'x5t', nowMs)}`
  const free = `Bearer ${await tokens.issue('ab12cd34', undefined, nowMs)}`

  t.match(await ask(bound, '10.0.0.1', certificate), { id: 'ab12cd34' })
  t.match(await ask(free, '10.0.0.1', certificate), { id: 'ab12cd34' })
  await t.rejects(ask(bound), { code: 'NOT_AUTHENTICATED' })
  await t.rejects(ask(bound, '10.0.0.1', { ...certificate, thumbprint: 'other' }), {
    code: 'NOT_AUTHENTICATED',
  })
  t.strictSame(refusals, [
    { reason: 'certificate', id: 'ab12cd34' },
    { reason: 'certificate', id: 'ab12cd34' },
  ])
})
