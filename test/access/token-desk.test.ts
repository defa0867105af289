import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { Refusal } from '../../src/access/api-keys.ts'
import { parseCidrs } from '../../src/access/cidr.ts'
import type { Client, PeerCertificate } from '../../src/access/parts.ts'
import { type ClientProof, makeTokenDesk } from '../../src/access/token-desk.ts'
import { readVerifyKey, type VerifyKey } from '../../src/crypto/jwk.ts'
import { failures } from '../../src/model/failures.ts'
import { jws } from '../support/jws.ts'

const nowMs = Date.parse('2026-11-23T06:00:00Z')
const endpoint = 'https://id.example.cn/oauth/token'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const own: PeerCertificate = {
  thumbprint: 'own',
  validFromMs: nowMs - 1000,
  validToMs: nowMs + 1000,
}

function aClient(more: Partial<Client> = {}): Client {
  return {
    id: 'ab12cd34',
    name: 'line 3',
    role: 'enterprise',
    subject: null,
    prefixes: [],
    cidrs: [],
    until: null,
    hash: null,
    keys: [readVerifyKey({ ...publicKey.export({ format: 'jwk' }) }) as VerifyKey],
    certificates: ['own'],
    revokedAt: null,
    ...more,
  }
}

function aDesk(client: Client | undefined = aClient()) {
  const refusals: Refusal[] = []
  const asked: string[] = []
  const used = new Set<string>()
  const desk = makeTokenDesk({
    clients: {
      async find(id) {
        asked.push(id)
        return client?.id === id
          ? { client, networks: parseCidrs(client.cidrs, '/cidrs') }
          : undefined
      },
    },
    tokens: { issue: async (id, thumbprint) => `token of ${id} bound to ${thumbprint}` },
    endpoint: () => endpoint,
    async useOnce(id, jti) {
      const isNew = !used.has(`${id} ${jti}`)
      used.add(`${id} ${jti}`)
      return isNew
    },
    onRefused: refusal => refusals.push(refusal),
  })
  const issue = (proof: Partial<ClientProof>, address = '10.0.0.1') =>
    desk.issue(
      { clientId: undefined, assertion: undefined, certificate: undefined, ...proof },
      address,
      nowMs,
    )
  return { issue, refusals, asked, used }
}

function anAssertion(more: object = {}) {
  const id = 'ab12cd34'
  const claims = { iss: id, sub: id, aud: endpoint, exp: nowMs / 1000 + 60, jti: 'one', ...more }
  return jws({ alg: 'EdDSA' }, claims, privateKey)
}

t.test('who signs gets a token, bound where its own certificate came along', async t => {
  const { issue } = aDesk()
  const other = { ...own, thumbprint: 'other' }

  t.match(await issue({ assertion: anAssertion() }), {
    clientId: 'ab12cd34',
    token: 'token of ab12cd34 bound to undefined',
    seconds: 300,
  })
  t.match(await issue({ assertion: anAssertion({ jti: 'two' }), certificate: own }), {
    token: /bound to own/,
  })
  t.match(await issue({ assertion: anAssertion({ jti: 'three' }), certificate: other }), {
    token: /bound to undefined/,
  })
  t.match(await issue({ clientId: 'ab12cd34', certificate: own }), { token: /bound to own/ })
})

t.test('every refusal is the same to the caller, and its reason goes to the log only', async t => {
  const revokedAt = '2026-11-01T00:00:00Z'
  const late = { ...own, validToMs: nowMs }
  const early = { ...own, validFromMs: nowMs + 1 }
  const assertion = anAssertion()
  const byCertificate = { clientId: 'ab12cd34', certificate: own }
  const cases: [Refusal['reason'], Partial<ClientProof>, Client?][] = [
    ['form', {}],
    ['form', { clientId: 'ab12cd34' }],
    ['form', { certificate: own }],
    ['form', { clientId: "' or 1=1 --", certificate: own }],
    ['form', { assertion, clientId: 'ffffffff' }],
    ['form', { assertion: 'not.a.token' }],
    ['unknown', { clientId: 'ffffffff', certificate: own }],
    ['assertion', { assertion: anAssertion({ aud: 'https://evil.example' }) }],
    ['assertion', { assertion }, aClient({ keys: [] })],
    ['certificate', { clientId: 'ab12cd34', certificate: { ...own, thumbprint: 'other' } }],
    ['certificate', { clientId: 'ab12cd34', certificate: late }],
    ['certificate', { clientId: 'ab12cd34', certificate: early }],
    ['revoked', { assertion }, aClient({ revokedAt })],
    ['revoked', byCertificate, aClient({ revokedAt })],
    ['expired', byCertificate, aClient({ until: '2026-11-23T06:00:00Z' })],
    ['address', byCertificate, aClient({ cidrs: ['10.0.1.0/24'] })],
  ]

  for (const [reason, proof, client] of cases) {
    const { issue, refusals } = aDesk(client)

    const failure = await issue(proof).catch(failure => failure)

    t.equal(failure.code, 'NOT_AUTHENTICATED', reason)
    t.equal(failure.detail, failures.NOT_AUTHENTICATED)
    t.match(refusals, [{ reason }])
  }
})

t.test('an assertion is used once, and one that is not proven uses nothing up', async t => {
  const { issue, refusals, used } = aDesk()
  const forged = `${anAssertion().slice(0, -20)}${'A'.repeat(20)}`

  await t.rejects(issue({ assertion: forged }), { code: 'NOT_AUTHENTICATED' })
  t.equal(used.size, 0)
  t.ok(await issue({ assertion: anAssertion() }))
  await t.rejects(issue({ assertion: anAssertion() }), { code: 'NOT_AUTHENTICATED' })

  t.strictSame(
    refusals.map(({ reason }) => reason),
    ['assertion', 'replayed'],
  )
})

t.test('texts that are no client’s id do not reach the store', async t => {
  const { issue, asked } = aDesk()
  const ids = ['AB12CD34', 'ab12cd3', 'x'.repeat(1000), '__proto__']

  for (const clientId of ids) await t.rejects(issue({ clientId, certificate: own }))

  t.strictSame(asked, [])
})
