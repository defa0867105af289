import { createSign, generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import { placeOf } from '../protocols/handle/a-client.ts'
import { aConsent, aFirm, anInstitution } from '../support/filing.ts'
import { aNode, type RunningNode } from '../support/node.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

type Json = Record<string, unknown> & { readonly id: string; readonly code: string }

function askWith({ http }: RunningNode, key: string) {
  return async (method: string, path: string, body?: object) => {
    const answer = await fetch(http + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Json }
  }
}

/** A secondary node that has delegated prefixes to an enterprise's own node, which keeps their records. */
async function aDelegation(t: Test, prefixes: readonly string[]) {
  const enterprise = await aNode(t, {
    env: { QXM_NODE_PREFIX: '88.119', QXM_PREFIX: '88.119.1' },
  })
  const secondary = await aNode(t, { env: { QXM_HANDLE_PRIVATE_SITES: '1' } })
  const atHome = askWith(enterprise, enterprise.key)
  const operator = askWith(secondary, secondary.key)
  const { host, port } = placeOf(enterprise.node.ready.handle ?? '')
  const sites = [{ address: host, protocols: [{ protocol: 'TCP', port }] }]
  for (const prefix of prefixes) {
    await operator('POST', '/v1/prefixes', { prefix, served: 'delegated', sites })
    await atHome('POST', '/v1/prefixes', { prefix })
  }
  return {
    operator,
    /** Writes the prefix's record at the enterprise's node. */
    put(prefix: string, basic: object, more: object[] = []) {
      const admin = { handle: `0.NA/${prefix}`, index: 300, permissions: '111111111111' }
      const key = publicKey.export({ format: 'jwk' })
      return atHome('PUT', `/v1/identifiers/${encodeURIComponent(`0.NA/${prefix}`)}`, {
        kind: 'prefix',
        values: [
          { index: 100, type: 'HS_ADMIN', data: { format: 'admin', value: admin } },
          { index: 300, type: 'HS_PUBKEY', data: { format: 'key', value: key } },
          { index: 500, type: 'QXM_BASIC', data: JSON.stringify(basic) },
          ...more,
        ],
      })
    },
    async as(role: string) {
      const { body } = await operator('POST', '/v1/clients', { name: role, role })
      return askWith(secondary, String(body['key']))
    },
  }
}

const ways = [
  { way: 'key', prefix: '88.118.9', whole: aFirm },
  { way: 'token', prefix: '88.118.10', whole: anInstitution },
] as const

t.test('a delegated prefix is proven and brings its holder a code', async t => {
  const node = await aDelegation(
    t,
    ways.map(({ prefix }) => prefix),
  )

  for (const { way, prefix, whole } of ways) {
    t.test(`by its ${way}`, async t => {
      const { producerAddress, ...recorded } = whole
      const [firm, reviewer] = [await node.as('enterprise'), await node.as('reviewer')]
      t.equal((await node.put(prefix, recorded)).status, 201)
      const asked = await firm('POST', '/v1/prefix-proofs', { prefix })
      t.match(asked, { status: 201, body: { prefix, state: 'open', method: null } })
      const proof = asked.body.id
      const { sign, token } = asked.body['challenge'] as { sign: string; token: { value: string } }
      const early = await firm('POST', `/v1/prefix-proofs/${proof}:answer`, {})
      t.match(early, { status: 400, body: { errors: [{ rule: 'proof.token' }] } })

      const published = [{ index: 600, type: 'QXM_PROOF', data: token.value }]
      if (way === 'token') await node.put(prefix, recorded, published)
      const signature = createSign('sha256').update(sign).sign(privateKey, 'base64')
      const answer = way === 'key' ? { signature } : {}
      const proven = await firm('POST', `/v1/prefix-proofs/${proof}:answer`, answer)

      t.match(proven, {
        status: 200,
        body: {
          state: 'proven',
          method: way,
          key: way === 'key' ? `300:0.NA/${prefix}` : null,
          basic: recorded,
          missing: ['producerAddress'],
        },
      })
      const filed = await firm('POST', '/v1/applications', {
        basic: { producerAddress },
        consent: aConsent,
        declaration: true,
        proof,
        submit: true,
      })
      t.match(filed, { status: 201, body: { state: 'submitted', basic: whole } })
      const path = `/v1/applications/${filed.body.id}`
      const seen = await reviewer('GET', path)
      t.match(seen.body, { proof: { prefix, method: way, fields: Object.keys(recorded) } })
      const approved = await reviewer('POST', `${path}:decide`, { decision: 'approve' })
      t.match(approved, { status: 200, body: { state: 'approved' } })
      const { body } = await node.operator('GET', `/v1/resolve/${approved.body.code}`)
      t.match(body, { status: 'active', prefixes: [{ system: 'handle', prefix }] })
    })
  }

  t.test('and one of which nobody can be asked is not', async t => {
    const firm = await node.as('enterprise')
    const { body } = await firm('POST', '/v1/prefix-proofs', { prefix: '88.118.77' })

    const answer = await firm('POST', `/v1/prefix-proofs/${body.id}:answer`, { signature: 'AAAA' })

    t.match(answer, { status: 400, body: { errors: [{ rule: 'proof.signature' }] } })
  })
})
