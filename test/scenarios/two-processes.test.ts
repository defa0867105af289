import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { aFaultProxy } from '../support/fault-proxy.ts'
import { postgres } from '../support/postgres-server.ts'
import { aDatabaseUrl } from '../support/store.ts'
import { testWith } from '../support/throw-away.ts'
import { aMasterKeyFile, aServerNode, twoNodes, untilSeen, withUrl } from '../support/two-nodes.ts'

testWith(t, [postgres], 'a change on one node is seen by the other within a second', async t => {
  const { first, second } = await twoNodes(t)
  await first.write('PUT', '/v1/identifiers/88.118.30/a', withUrl('https://example.com/0'))
  await second.ask('88.118.30/a')

  const delaysMs: number[] = []
  for (let round = 1; round <= 20; round++) {
    await first.write('PUT', '/v1/identifiers/88.118.30/a', withUrl(`https://example.com/${round}`))
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
    await first.write('PUT', '/v1/identifiers/88.118.30/a', withUrl('https://example.com/0'))
    await second.ask('88.118.30/a')

    const handed = await first.write('PATCH', '/v1/prefixes/88.118.30', { state: 'disabled' })

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
  const { options } = await twoNodes(t)
  const masterKeyFile = await aMasterKeyFile(t)

  await t.rejects(aServerNode(t, { ...options, masterKeyFile }), /wrong master key/)
})

testWith(
  t,
  [postgres],
  'while the store is away: known answers go on, others and writes are 503',
  async t => {
    const databaseUrl = new URL(await aDatabaseUrl(t))
    const proxy = await aFaultProxy(t, Number(databaseUrl.port))
    databaseUrl.port = String(proxy.port)
    const node = await aServerNode(t, {
      databaseUrl: databaseUrl.href,
      masterKeyFile: await aMasterKeyFile(t),
    })
    await node.write('POST', '/v1/prefixes', { prefix: '88.118.30' })
    await node.write('PUT', '/v1/identifiers/88.118.30/a', withUrl('https://example.com/0'))
    await node.ask('88.118.30/a')

    for (const mode of ['refuse', 'freeze'] as const) {
      proxy.set(mode)
      proxy.cut()

      t.equal(await node.ask('88.118.30/a'), 'https://example.com/0', `${mode}: a known answer`)
      // Known not to exist for as long as nothing is known of the store: less than a second.
      const unknown = await untilStatus(
        `${node.http}/v1/resolve/88.118.30/never-asked-${mode}`,
        503,
      )
      t.ok(Number(unknown.headers.get('retry-after')) > 0, `${mode}: says when to come back`)
      const refused = await node.write('PUT', '/v1/identifiers/88.118.30/b', {})
      t.equal(refused.status, 503, `${mode}: a write is refused`)
      t.equal((await fetch(`${node.ops}/livez`)).status, 200, `${mode}: the process lives`)

      proxy.set('pass')
      await untilStatus(`${node.http}/v1/resolve/88.118.30/asked-after-${mode}`, 404)
      const after = `/v1/identifiers/88.118.30/after-${mode}`
      while ((await node.write('PUT', after, {})).status >= 300) await sleep(50)
      const half = await fetch(`${node.http}/v1/resolve/88.118.30/b`)
      t.equal(half.status, 404, `${mode}: nothing half written`)
    }
  },
)

async function untilStatus(address: string, status: number): Promise<Response> {
  const since = performance.now()
  for (;;) {
    const response = await fetch(address)
    if (response.status === status) return response
    if (performance.now() - since > 10_000) throw new Error(`no ${status} within 10 s`)
    await sleep(50)
  }
}
