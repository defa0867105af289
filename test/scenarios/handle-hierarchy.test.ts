import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { makeAskService } from '../../src/protocols/handle/client/ask-service.ts'
import { makeHandleClient } from '../../src/protocols/handle/client/client.ts'
import { makeClientMetrics } from '../../src/protocols/handle/client/metrics.ts'
import { makeServerHealth } from '../../src/protocols/handle/client/server-health.ts'
import { makeSiteCache } from '../../src/protocols/handle/client/site-cache.ts'
import { makeWalk, type WalkParts } from '../../src/protocols/handle/client/walk.ts'
import { siteOfServer } from '../../src/protocols/handle/site-values.ts'
import { digestedValueBytes } from '../../src/protocols/handle/values/handle-value.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import {
  aQuestion,
  aTcpClient,
  aUdpClient,
  placeOf,
  valuesIn,
} from '../protocols/handle/a-client.ts'
import { aValue } from '../support/builders.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { aDataFolder } from '../support/store.ts'

const recursive = 0x1900_0000
const timeoutMs = 1_500

async function write(node: RunningNode, method: string, path: string, body: object) {
  const answer = await fetch(`${node.http}${path}`, {
    method,
    headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
}

function delegate(node: RunningNode, prefix: string, at: string, protocols = ['TCP', 'UDP']) {
  const { host, port } = placeOf(at)
  return write(node, 'POST', '/v1/prefixes', {
    prefix,
    state: 'enabled',
    served: 'delegated',
    sites: [{ address: host, protocols: protocols.map(protocol => ({ protocol, port })) }],
  })
}

const host = (node: RunningNode, prefix: string) =>
  write(node, 'POST', '/v1/prefixes', { prefix, state: 'enabled', served: 'hosted' })

const put = (node: RunningNode, identifier: string, values: object[]) =>
  write(node, 'PUT', `/v1/identifiers/${encodeURIComponent(identifier)}`, { values })

async function ask(node: RunningNode, path: string) {
  const startedMs = performance.now()
  const answer = await fetch(`${node.http}/v1/resolve/${path}`)
  const text = await answer.text()
  return {
    status: answer.status,
    source: answer.headers.get('x-qxm-source'),
    tookMs: performance.now() - startedMs,
    json: JSON.parse(text) as {
      code: string
      values: { type: string; data: { value: string } }[]
      referral: object | null
      stale?: true
      trace?: { step: string; facts: { trust?: string } }[]
    },
  }
}

const atOf = ({ node }: RunningNode) => node.ready.handle ?? ''
const url = (value: string, ttl = 3600) => ({ index: 1, type: 'URL', data: value, ttl })

/** A port where nobody listens, and one where somebody does and says nothing. */
async function aDeadPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}

async function aSilentPort(t: Test): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    t.teardown(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The top-level node knows the secondary node's prefix, which knows the enterprise node's. */
async function aHierarchy(t: Test, enterpriseHost = '127.0.0.1') {
  const top = await aNode(t, { env: { QXM_NODE_PREFIX: '88.100', QXM_PREFIX: '88.100.1' } })
  const enterprise = await aNode(t, {
    env: { QXM_NODE_PREFIX: '88.119', QXM_PREFIX: '88.119.1', QXM_HOST: enterpriseHost },
  })
  const secondary = await aNode(t, {
    env: {
      QXM_HANDLE_ROOTS: atOf(top),
      QXM_HANDLE_PRIVATE_SITES: '1',
      QXM_HANDLE_UPSTREAM_TIMEOUT_MS: String(timeoutMs),
    },
  })
  await delegate(top, '88.118', atOf(secondary))
  await put(top, '88.100/NODE', [url('https://top.example.cn')])
  await host(enterprise, '88.118.9')
  await put(enterprise, '88.118.9/x', [url('https://x.example.cn', 1)])
  await put(enterprise, '88.118.9/kept', [url('https://kept.example.cn')])
  await delegate(secondary, '88.118.9', atOf(enterprise))
  return { top, secondary, enterprise }
}

/** A client of its own, that knows nothing but its roots. */
function aWalk(t: Test, rootAt: string, mode: WalkParts['mode'] = 'walk') {
  const client = makeHandleClient({
    clock: systemClock,
    random: randomBytes,
    metrics: makeClientMetrics(new Registry()),
    attemptTimeoutMs: timeoutMs / 2,
  })
  t.teardown(() => client.close())
  const { host: address, port } = placeOf(rootAt)
  const root = siteOfServer({
    address,
    interfaces: [{ query: true, admin: false, protocol: 'TCP', port }],
    serialNumber: 1,
    description: 'root',
  })
  const walk = makeWalk({
    askService: makeAskService({
      client,
      health: makeServerHealth(systemClock),
      clock: systemClock,
      mayBePrivate: true,
    }),
    siteCache: makeSiteCache(systemClock),
    clock: systemClock,
    roots: { sites: [root], isForeign: false },
    mode,
    hopsMax: 16,
    timeoutMs,
  })
  return async (handle: string) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const found = await walk.resolve(handle, undefined, { recursionCount: 0, signal })
    return found.kind === 'values' ? found.values.map(({ data }) => data.value) : found.kind
  }
}

for (const enterpriseHost of ['127.0.0.1', '::1']) {
  t.test(`a hierarchy of three nodes, the lowest at ${enterpriseHost}`, async t => {
    const { top, secondary, enterprise } = await aHierarchy(t, enterpriseHost)

    t.test('a client walks from the root to an identifier of the lowest', async t => {
      const resolve = aWalk(t, atOf(top))

      t.same(await resolve('88.118.9/x'), ['https://x.example.cn'])
      t.equal(await resolve('88.118.9/nothing'), 'unknownHandle')
      t.equal(await resolve('88.999.9/x'), 'unknownPrefix')
    })

    t.test('so does one that asks a recursive node for the bare prefix', async t => {
      const resolve = aWalk(t, atOf(secondary), 'recursiveNode')

      t.same(await resolve('88.118.9/x'), ['https://x.example.cn'])
    })

    t.test('recurse=1 asks the delegated site; without it one is referred there', async t => {
      const plain = await ask(secondary, '88.118.9/kept')
      const first = await ask(secondary, '88.118.9/kept?recurse=1&trace=1')
      const second = await ask(secondary, '88.118.9/kept?recurse=1')
      const filtered = await ask(secondary, '88.118.9/kept?recurse=1&type=EMAIL')
      const missing = await ask(secondary, '88.118.9/nothing?recurse=1')

      t.equal(plain.status, 200)
      t.not(plain.json.referral, null)
      t.equal(first.status, 200)
      t.equal(first.source, 'upstream')
      t.equal(first.json.values[0]?.data.value, 'https://kept.example.cn')
      t.equal(first.json.referral, null)
      t.same(first.json.trace?.find(({ step }) => step === 'upstream')?.facts, {
        trust: 'unproven',
      })
      t.equal(second.source, 'memory')
      t.same(filtered.json.values, [])
      t.equal(missing.status, 404)
    })

    t.test('RECU asks the delegated site, over TCP and UDP', async t => {
      const tcp = await aTcpClient(t, atOf(secondary))
      const udp = await aUdpClient(t, atOf(secondary))
      const question = (opFlags: number) => aQuestion('88.118.9/x', { opFlags })

      const overTcp = await tcp.ask(question(recursive))
      const overUdp = await udp.ask(question(recursive))
      const plain = await tcp.ask(question(0))
      const missing = await tcp.ask(aQuestion('88.118.9/no', { opFlags: recursive }))

      t.equal(valuesIn(overTcp).values[0]?.data.value, 'https://x.example.cn')
      t.equal(valuesIn(overTcp).handle, '88.118.9/x')
      t.same(valuesIn(overUdp), valuesIn(overTcp))
      t.equal(plain.header.responseCode, 302)
      t.equal(missing.header.responseCode, 100)
    })

    t.test('a foreign prefix is found from the root down', async t => {
      const foreign = await ask(secondary, '88.100/NODE?recurse=1')
      const nobodys = await ask(secondary, '88.777.1/x?recurse=1')
      const unasked = await ask(secondary, '88.100/NODE')
      const unallotted = await ask(secondary, '88.118.55/x?recurse=1')

      t.equal(foreign.json.values[0]?.data.value, 'https://top.example.cn')
      for (const { status } of [nobodys, unasked, unallotted]) t.equal(status, 404)
    })

    t.test('the last answer is given, marked stale, when the site is gone', async t => {
      await ask(secondary, '88.118.9/x?recurse=1')
      await enterprise.stop()
      await systemClock.sleep(1_100)

      const kept = await ask(secondary, '88.118.9/x?recurse=1')
      const never = await ask(secondary, '88.118.9/y?recurse=1')

      t.equal(kept.status, 200)
      t.equal(kept.json.stale, true)
      t.equal(kept.json.values[0]?.data.value, 'https://x.example.cn')
      t.equal(never.status, 503)
      t.ok(never.tookMs < timeoutMs + 1_000)
    })
  })
}

t.test('what leads nowhere ends in time, with its own code', async t => {
  const { top, secondary } = await aHierarchy(t)
  await delegate(secondary, '88.118.7', atOf(top))
  await delegate(secondary, '88.118.6', await aDeadPort())
  await delegate(secondary, '88.118.5', await aSilentPort(t))
  const client = await aTcpClient(t, atOf(secondary))

  const codeOf = async (handle: string) => {
    const { header } = await client.ask(aQuestion(handle, { opFlags: recursive }))
    return header.responseCode
  }

  for (const prefix of ['88.118.7', '88.118.6', '88.118.5']) {
    const { status, json, tookMs } = await ask(secondary, `${prefix}/x?recurse=1`)

    t.match({ status, json }, { status: 503, json: { code: 'UPSTREAM_AWAY' } }, prefix)
    t.ok(tookMs < timeoutMs + 1_000, `${prefix} took ${tookMs} ms`)
  }
  t.equal(await codeOf('88.118.7/x'), 2, 'a circle is no passing matter')
  t.equal(await codeOf('88.118.6/x'), 3)
  t.equal(await codeOf('88.118.5/x'), 3)
})

t.test("a foreign record does not lead into this node's own network", async t => {
  const top = await aNode(t, { env: { QXM_NODE_PREFIX: '88.100', QXM_PREFIX: '88.100.1' } })
  await put(top, '88.100/NODE', [url('https://top.example.cn')])
  const guarded = await aNode(t, { env: { QXM_HANDLE_ROOTS: atOf(top) } })

  const { status } = await ask(guarded, '88.100/NODE?recurse=1')

  t.equal(status, 503)
})

t.test('a record signed under the trust root is proven, and a changed one refuted', async t => {
  const rootHandle = '88.100/0.0'
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyFile = `${await aDataFolder(t)}/root.pem`
  writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }))
  const top = await aNode(t, { env: { QXM_NODE_PREFIX: '88.100', QXM_PREFIX: '88.100.1' } })
  const secondary = await aNode(t, {
    env: {
      QXM_HANDLE_ROOTS: atOf(top),
      QXM_HANDLE_PRIVATE_SITES: '1',
      QXM_HANDLE_TRUST_ROOT: rootHandle,
      QXM_HANDLE_TRUST_ROOT_KEY: keyFile,
    },
  })
  const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
  const token = (claims: object) => {
    const signed = `${encode({ alg: 'RS256' })}.${encode({ iss: `300:${rootHandle}`, ...claims })}`
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
  }
  const text = 'https://signed.example.cn'
  const value = aValue({ type: 'URL', data: { format: 'string', value: text }, ttl: 3600 })
  const digest = createHash('sha256').update(digestedValueBytes(value)).digest('base64')
  const digests = { alg: 'SHA-256', digests: [{ index: value.index, digest }] }
  const signature = (sub: string) => ({
    index: 400,
    type: 'HS_SIGNATURE',
    data: token({ sub, digests }),
  })
  const certificate = token({
    sub: `300:${rootHandle}`,
    publicKey: publicKey.export({ format: 'jwk' }),
    perms: [{ perm: 'everything' }],
  })
  await put(top, rootHandle, [{ index: 401, type: 'HS_CERT', data: certificate }])
  await put(top, '88.100/good', [url(text), signature('88.100/good')])
  await put(top, '88.100/bad', [url('https://other.example.cn'), signature('88.100/bad')])
  await put(top, '88.100/none', [url(text)])
  const client = await aTcpClient(t, atOf(secondary))

  for (const [identifier, trust, isTrusted] of [
    ['88.100/good', 'proven', true],
    ['88.100/bad', 'refuted', false],
    ['88.100/none', 'unproven', false],
  ] as const) {
    const { json } = await ask(secondary, `${identifier}?recurse=1&trace=1`)
    const { header } = await client.ask(aQuestion(identifier, { opFlags: recursive | 0x2 }))

    t.equal(json.trace?.find(({ step }) => step === 'upstream')?.facts.trust, trust)
    t.equal(header.opFlags & 0x3, isTrusted ? 0x3 : 0x2)
  }
})
