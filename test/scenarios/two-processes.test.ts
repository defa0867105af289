import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { aFaultProxy } from '../support/fault-proxy.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { postgres } from '../support/postgres-server.ts'
import { aDatabaseUrl } from '../support/store.ts'
import { testWith } from '../support/throw-away.ts'

testWith(t, [postgres], 'a change on one node is seen by the other within a second', async t => {
  const { first, second } = await twoNodes(t)
  await write(first, 'PUT', '/v1/identifiers/88.118.30/a', url('https://example.com/0'))
  await second.ask('88.118.30/a')

  const delaysMs: number[] = []
  for (let round = 1; round <= 20; round++) {
    await write(first, 'PUT', '/v1/identifiers/88.118.30/a', url(`https://example.com/${round}`))
    t.equal(
      await first.ask('88.118.30/a'),
      `https://example.com/${round}`,
      'the writer reads it at once',
    )
    delaysMs.push(await untilSeen(second, '88.118.30/a', `https://example.com/${round}`))
  }

  t.ok(Math.max(...delaysMs) <= 1_000, `the slowest took ${Math.round(Math.max(...delaysMs))} ms`)
})

testWith(
  t,
  [postgres],
  'a prefix handed over has one owner at every moment, on both nodes',
  async t => {
    const { first, second } = await twoNodes(t)
    await write(first, 'PUT', '/v1/identifiers/88.118.30/a', url('https://example.com/0'))
    await second.ask('88.118.30/a')

    const handed = await write(first, 'PATCH', '/v1/prefixes/88.118.30', { state: 'disabled' })

    t.equal(handed.status, 200)
    t.equal(
      (await fetch(`${first.http}/v1/resolve/88.118.30/a`)).status,
      404,
      'at once where it was written',
    )
    const since = performance.now()
    while ((await fetch(`${second.http}/v1/resolve/88.118.30/a`)).status !== 404) {
      if (performance.now() - since > 1_000) throw new Error('the other node still answers')
    }
  },
)

testWith(t, [postgres], 'a third node with another master key refuses to start', async t => {
  const { url: databaseUrl } = await twoNodes(t)
  const file = await aMasterKey(t)

  await t.rejects(
    aNode(t, { env: { QXM_DATABASE_URL: databaseUrl, QXM_MASTER_KEY_FILE: file } }),
    /wrong master key/,
  )
})

testWith(
  t,
  [postgres],
  'while the store is away: known answers go on, others and writes are 503',
  async t => {
    const databaseUrl = new URL(await aDatabaseUrl(t))
    const proxy = await aFaultProxy(t, Number(databaseUrl.port))
    databaseUrl.port = String(proxy.port)
    const node = await aPostgresNode(t, databaseUrl.href, await aMasterKey(t))
    await write(node, 'POST', '/v1/prefixes', { prefix: '88.118.30' })
    await write(node, 'PUT', '/v1/identifiers/88.118.30/a', url('https://example.com/0'))
    await node.ask('88.118.30/a')

    for (const mode of ['refuse', 'freeze'] as const) {
      proxy.set(mode)
      proxy.cut()

      t.equal(await node.ask('88.118.30/a'), 'https://example.com/0', `${mode}: a known answer`)
      const unknown = await fetch(`${node.http}/v1/resolve/88.118.30/never-asked-${mode}`)
      t.equal(unknown.status, 503, `${mode}: what cannot be answered`)
      t.ok(Number(unknown.headers.get('retry-after')) > 0, `${mode}: says when to come back`)
      const refused = await write(node, 'PUT', '/v1/identifiers/88.118.30/b', {})
      t.equal(refused.status, 503, `${mode}: a write is refused`)
      t.equal((await fetch(`${node.ops}/livez`)).status, 200, `${mode}: the process lives`)

      proxy.set('pass')
      await untilStatus(`${node.http}/v1/resolve/88.118.30/never-asked-again`, 404)
      t.equal(
        (await fetch(`${node.http}/v1/resolve/88.118.30/b`)).status,
        404,
        `${mode}: nothing half written`,
      )
    }
  },
)

interface TestNode extends RunningNode {
  /** The first value an identifier resolves to. */
  ask(identifier: string): Promise<string>
}

async function twoNodes(t: Test): Promise<{ first: TestNode; second: TestNode; url: string }> {
  const databaseUrl = await aDatabaseUrl(t)
  const file = await aMasterKey(t)
  const first = await aPostgresNode(t, databaseUrl, file)
  await write(first, 'POST', '/v1/prefixes', { prefix: '88.118.30' })
  const second = await aPostgresNode(t, databaseUrl, file)
  return { first, second, url: databaseUrl }
}

async function aPostgresNode(
  t: Test,
  databaseUrl: string,
  masterKeyFile: string,
): Promise<TestNode> {
  const node = await aNode(t, {
    env: { QXM_DATABASE_URL: databaseUrl, QXM_MASTER_KEY_FILE: masterKeyFile },
  })
  return {
    ...node,
    async ask(identifier) {
      const answer = await fetch(`${node.http}/v1/resolve/${identifier}`)
      const body = (await answer.json()) as { values?: { data: { value: string } }[]; code: string }
      return body.values?.[0]?.data.value ?? body.code
    },
  }
}

async function aMasterKey(t: Test): Promise<string> {
  const file = join(t.testdir(), `master-${randomBytes(4).toString('hex')}.key`)
  await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return file
}

function write(
  { http, key }: RunningNode,
  method: string,
  path: string,
  body: object,
): Promise<Response> {
  return fetch(http + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

function url(href: string) {
  return { values: [{ index: 1, type: 'URL', data: href }] }
}

async function untilSeen(node: TestNode, identifier: string, value: string): Promise<number> {
  const since = performance.now()
  while ((await node.ask(identifier)) !== value) {
    if (performance.now() - since > 5_000) throw new Error(`${identifier} is still old after 5 s`)
  }
  return performance.now() - since
}

async function untilStatus(address: string, status: number): Promise<void> {
  const since = performance.now()
  while ((await fetch(address)).status !== status) {
    if (performance.now() - since > 10_000) throw new Error(`no ${status} within 10 s`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
