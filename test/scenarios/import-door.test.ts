import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { issue } from '../../src/crypto/pki.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { postgres } from '../support/postgres-server.ts'
import { aDatabaseUrl, aDataFolder } from '../support/store.ts'
import { testWith } from '../support/throw-away.ts'
import { aKey, aTopnode, type Bundle, bits, type Topnode } from '../support/topnode.ts'
import { aProgram, until } from './a-program.ts'
import { type AuditRow, auditRows } from './audit-rows.ts'

const topnode = await aTopnode()
const iat = Math.floor(Date.now() / 1000)
const grant = {
  v: 1,
  id: 'grant-1',
  source: '86',
  target: '88.118',
  prefixes: ['88.118.1'],
  tables: ['identifiers'],
  fields: {},
  rows: 1_000,
  nbf: iat - 60,
  exp: iat + 86_400,
}

/** Files by which a node knows the top-level node, and the environment that names them. */
function knowledge(t: Test) {
  const { authority, server, client } = topnode
  const folder = t.testdir({
    'cert.pem': server.certificate,
    'key.pem': server.key,
    'ca.pem': authority.certificate,
    'keys.json': topnode.keySet,
    'client.pem': client.certificate,
    'client-key.pem': client.key,
  })
  const file = (name: string) => join(folder, name)
  const env = {
    QXM_TLS_CERT: file('cert.pem'),
    QXM_TLS_KEY: file('key.pem'),
    QXM_HTTPS_PORT: '0',
    QXM_IMPORT_PORT: '0',
    QXM_IMPORT_CA: file('ca.pem'),
    QXM_IMPORT_KEYS: file('keys.json'),
    QXM_IMPORT_PINS: topnode.pin,
  }
  return { env, file }
}

async function aKnowingNode(
  t: Test,
  more: (file: (name: string) => string) => Readonly<Record<string, string>> = () => ({}),
) {
  const { env, file } = knowledge(t)
  const node = await aNode(t, { env: { ...env, ...more(file) } })
  return { node, imports: node.node.ready.imports ?? '' }
}

async function sendGrant(url: string, sender: Topnode) {
  const body = Buffer.from(await sender.sign(grant))
  return sender.send(url, body, { path: '/v1/grants', contentType: 'application/jose' })
}

function aBatch(seq: number, prev: string | null): Promise<Bundle> {
  const row = { identifier: `88.118.1/PUSHED-${seq}`, kind: 'product', values: [] }
  const rows = `${JSON.stringify(row)}\n`
  return topnode.bundle({ 'identifiers.ndjson': rows }, { manifest: { seq, prev } })
}

/** Waits until so many are there. */
async function auditOf(node: RunningNode, action: string, count: number) {
  const of = (rows: readonly AuditRow[]) => rows.filter(row => row.action === action)
  return of(await auditRows(node, 'limit=1000', rows => of(rows).length >= count))
}

t.test('a node opens its import port and takes a grant and a batch under it', async t => {
  const { node, imports } = await aKnowingNode(t)
  t.match(imports, /^https:\/\/127\.0\.0\.1:\d+$/)
  const first = await aBatch(1, null)

  t.match(await topnode.send(imports, first.zip), { status: 403 }, 'no grant yet')
  t.match(await sendGrant(imports, topnode), { status: 201, json: { id: 'grant-1' } })
  t.match(await topnode.send(imports, first.zip), {
    status: 201,
    json: { source: '86', seq: 1, manifest: first.digest },
  })
  t.match(await topnode.send(imports, first.zip), { status: 200, json: { seq: 1 } })
  const forged = await aBatch(1, null)
  t.match(await topnode.send(imports, forged.zip), {
    status: 409,
    json: { last: { seq: 1, digest: first.digest } },
  })

  const stranger = await topnode.send(imports, first.zip, { key: aKey('top-1').privateKey })
  t.equal(stranger.status, 403)
  const refused = await auditOf(node, 'import.refused', 3)
  t.match(refused.at(-1), { detail: { rule: 'signature.value', signer: topnode.pin } })
})

t.test('certificates and keys are renewed while the port is open', async t => {
  const { env, file } = knowledge(t)
  const node = await aProgram(t, [], { ...env, QXM_DATA_DIR: await aDataFolder(t) })
  const { imports = '' } = node.ready
  const issuing = { now: new Date(), days: 9, bits }
  const renewed = await issue(topnode.authority, 'server', {
    name: 'renewed',
    hosts: ['127.0.0.1'],
    ...issuing,
  })
  t.equal((await sendGrant(imports, topnode)).status, 201)

  writeFileSync(file('keys.json'), '{')
  await until('the refusal', () => /former configuration/.test(node.log().join()))
  t.equal((await sendGrant(imports, topnode)).status, 200, 'a broken file changes nothing')
  writeFileSync(file('cert.pem'), renewed.certificate)
  writeFileSync(file('key.pem'), renewed.key)
  writeFileSync(file('keys.json'), JSON.stringify({ keys: [aKey('top-2').jwk] }))

  await until('the next keys', async () => (await sendGrant(imports, topnode)).status === 403)
  t.equal(await nameOf(imports), 'renewed')
})

t.test('a node fetches batches from the feed, one after the other, and waits for more', async t => {
  const first = await aBatch(1, null)
  const second = await aBatch(2, first.digest)
  const { node, asked } = await aFollowingNode(t, [first, second])
  await until('the last question', () => asked.some(each => each.endsWith('after=2')))

  const received = await auditOf(node, 'import.received', 2)
  t.match(received, [{ detail: { seq: 1, via: 'pull' } }, { detail: { seq: 2, via: 'pull' } }])
  t.equal(asked[0], '/feed?x=1&after=0')
})

t.test('each time the feed brings what is refused, one trace is left', async t => {
  const { node } = await aFollowingNode(t, [await aBatch(1, null), await aBatch(2, 'f'.repeat(64))])

  // The first may be for the grant, which comes while the feed is asked.
  const refused = await auditOf(node, 'import.refused', 3)

  for (const { detail } of refused) t.match(detail, { seq: Number, via: 'pull' })
  t.match(refused.at(-1), { detail: { rule: 'import.fork', seq: 2 } })
})

/** @returns a node with a grant that follows a feed of these, and what the feed was asked */
async function aFollowingNode(t: Test, bundles: readonly Bundle[]) {
  const asked: string[] = []
  const feed = createServer(
    {
      cert: topnode.server.certificate,
      key: topnode.server.key,
      ca: topnode.authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    },
    ({ url = '' }, response) => {
      asked.push(url)
      const next = bundles[Number(url.split('after=')[1])]
      if (next === undefined) return response.writeHead(204).end()
      return response.writeHead(200, { 'content-type': 'application/zip' }).end(next.zip)
    },
  ).listen(0, '127.0.0.1')
  await once(feed, 'listening')
  t.teardown(() => feed.close())
  const { port } = feed.address() as AddressInfo
  const { node, imports } = await aKnowingNode(t, file => ({
    QXM_IMPORT_FEED_URL: `https://127.0.0.1:${port}/feed?x=1`,
    QXM_IMPORT_FEED_CERT: file('client.pem'),
    QXM_IMPORT_FEED_KEY: file('client-key.pem'),
  }))
  t.match(await sendGrant(imports, topnode), { status: 201 })
  return { node, asked }
}

testWith(
  t,
  [postgres],
  'workers share the import port, and what was used at one is used',
  async t => {
    const { env, file } = knowledge(t)
    writeFileSync(file('master.key'), 'ab'.repeat(32), { mode: 0o600 })
    const node = await aProgram(t, ['--workers', '2'], {
      ...env,
      QXM_DATABASE_URL: await aDatabaseUrl(t),
      QXM_MASTER_KEY_FILE: file('master.key'),
      QXM_DATA_DIR: file('data'),
    })
    const { imports = '' } = node.ready
    const body = Buffer.from(await topnode.sign(grant))
    const send = (nonce: string) =>
      topnode.send(imports, body, { path: '/v1/grants', contentType: 'application/jose', nonce })
    const nonces = ['a', 'b', 'c', 'd', 'e', 'f']

    const first = await Promise.all(nonces.map(send))
    const again = await Promise.all(nonces.map(send))

    t.strictSame(first.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 201])
    t.ok(again.every(({ status }) => status === 403))
  },
)

/** Whom the certificate names that the import port shows. */
async function nameOf(url: string): Promise<unknown> {
  const { client, authority } = topnode
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    ca: authority.certificate,
    cert: client.certificate,
    key: client.key,
  })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}
