import { createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { aNode } from '../support/node.ts'
import { postgres } from '../support/postgres-server.ts'
import { testWith } from '../support/throw-away.ts'
import { aServerNode, type TestNode, twoNodes } from '../support/two-nodes.ts'
import { until } from './a-program.ts'

interface PublishedKey {
  readonly kid: string
  readonly state: string
  readonly kty: string
  readonly crv: string
  readonly x: string
}

/** A sibling has read the keys again by then. */
const seenMsMax = 1_000

const publishedBy = async ({ http }: { http: string }) =>
  ((await (await fetch(`${http}/.well-known/qxm-keys.json`)).json()) as { keys: PublishedKey[] })
    .keys

const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

/** The claims of a token that one of these keys signed; undefined for every other. */
function verified(token: string, keys: readonly PublishedKey[]) {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const found = keys.find(({ kid }) => kid === decode(header).kid)
  if (found === undefined) return undefined
  const { kty, crv, x } = found
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' })
  const signed = Buffer.from(`${header}.${payload}`)
  return verify(null, signed, key, Buffer.from(signature, 'base64url'))
    ? decode(payload)
    : undefined
}

t.test('the status of a code is signed, and verified with what the node publishes', async t => {
  const node = await aNode(t, { demo: true })
  const code = '1XJRA-CLXE-EWEA9'
  const ask = (query = '') => fetch(`${node.http}/v1/enterprises/${code}/status-token${query}`)
  const change = (path: string, body: object) =>
    fetch(node.http + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  await t.test('for anyone, with the number that came', async t => {
    const answer = await ask('?q=AAECAwQFBgcICQoLDA0ODw')
    const keys = await publishedBy(node)

    t.equal(answer.status, 200)
    t.equal(answer.headers.get('content-type'), 'application/jwt')
    t.equal(answer.headers.get('cache-control'), 'private, no-store')
    t.match(verified(await answer.text(), keys), {
      code: '88.118.1/1XJRACLXEEWEA9',
      status: 'active',
      successor: null,
      q: 'AAECAwQFBgcICQoLDA0ODw',
      demo: true,
    })
    t.match(keys, [{ kty: 'OKP', crv: 'Ed25519', state: 'current', use: 'sig', purpose: 'status' }])
    t.notOk(keys.some(key => 'd' in key))
    const published = await fetch(`${node.http}/.well-known/qxm-keys.json`)
    t.equal(published.headers.get('cache-control'), 'public, max-age=3600')
  })

  await t.test('what is no code gets none', async t => {
    const token = (path: string) => fetch(`${node.http}/v1/enterprises/${path}`)

    t.equal((await token('2DP2AW9QRGGDPD/status-token')).status, 404)
    t.equal((await token('1XJRACLXEEWEA8/status-token')).status, 400)
    t.equal((await ask(`?q=${'A'.repeat(44)}`)).status, 400)
    t.equal((await ask('?q=%22')).status, 400)
  })

  await t.test('the next key is published before it signs', async t => {
    const [first] = await publishedBy(node)

    t.equal((await change('/v1/keys/status:rotate', {})).status, 200)

    const keys = await publishedBy(node)
    t.match(keys, [
      { kid: first?.kid, state: 'current' },
      { state: 'next', validUntil: null },
    ])
    t.equal(decode((await (await ask()).text()).split('.')[0]).kid, first?.kid)
  })

  await t.test('a key that leaked is gone at once, and the next one signs', async t => {
    const [, next] = await publishedBy(node)

    t.equal((await change('/v1/keys/status/1:retire', { leaked: true })).status, 200)

    t.match(await publishedBy(node), [{ kid: next?.kid, state: 'current' }])
    t.ok(verified(await (await ask()).text(), await publishedBy(node)))
  })

  await t.test('codes of a destroyed key are nobody’s, on every path', async t => {
    const resolved = () => fetch(`${node.http}/v1/resolve/88.118.1/1XJRACLXEEWEA9`)
    t.equal((await resolved()).status, 200)
    const { items } = (await (
      await fetch(`${node.http}/v1/keys`, { headers: { authorization: `Bearer ${node.key}` } })
    ).json()) as { items: { purpose: string; kcv: string }[] }
    const confirm = items.find(({ purpose }) => purpose === 'code')?.kcv
    await change('/v1/keys/code:rotate', {})
    await change('/v1/keys/code/1:retire', {})
    t.equal((await resolved()).status, 200, 'a retired key reads')

    t.equal((await change('/v1/keys/code/1:destroy', { confirm })).status, 200)

    t.equal((await resolved()).status, 404)
    t.equal((await ask()).status, 404)
    t.equal((await fetch(`${node.http}/v1/enterprises/${code}`)).status, 404)
    t.equal((await fetch(`${node.http}/v1/enterprises/${code}/qr.svg`)).status, 404)
  })
})

testWith(t, [postgres], 'a rotation on one node is seen by the other within a second', async t => {
  const { first, second, options } = await twoNodes(t)
  const rotate = (purpose: string) => first.write('POST', `/v1/keys/${purpose}:rotate`, {})
  const versions = async (node: TestNode) => (await publishedBy(node)).length
  t.same(await publishedBy(second), await publishedBy(first), 'one key for both')

  const since = performance.now()
  t.equal((await rotate('status')).status, 200)
  t.equal(await versions(first), 2, 'at once where it was rotated')
  await until('the second key', async () => (await versions(second)) === 2)

  const tookMs = performance.now() - since
  t.ok(tookMs <= seenMsMax, `it took ${Math.round(tookMs)} ms`)
  t.equal((await rotate('code')).status, 200)
  t.equal((await second.write('POST', '/v1/keys/code/1:retire', { leaked: true })).status, 200)
  t.equal(await versions(await aServerNode(t, options)), 2, 'and by one that starts later')
})
