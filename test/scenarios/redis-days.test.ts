import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { aFaultProxy } from '../support/fault-proxy.ts'
import { postgres } from '../support/postgres-server.ts'
import { aRedisServer, redis } from '../support/redis-server.ts'
import { testWith } from '../support/throw-away.ts'
import { type TestNode, twoNodes, untilSeen, withUrl } from '../support/two-nodes.ts'

/** Resolves at each bad day of Redis; by hand `QXM_TEST_RESOLVES=2000`. */
const resolves = Number(process.env['QXM_TEST_RESOLVES'] ?? 200)
const recordCount = 50

testWith(
  t,
  [postgres, redis],
  'a sibling is answered from Redis, and never with what is late',
  async t => {
    const { first, second } = await nodesWithRedis(t)
    const sources: (string | null)[] = []
    for (let number = 1; number <= recordCount; number++) {
      await first.ask(`88.118.30/r-${number}`)
      const answer = await fetch(`${second.http}/v1/resolve/88.118.30/r-${number}`)
      sources.push(answer.headers.get('x-qxm-source'))
    }
    t.ok(sources.includes('redis'), `answered from ${[...new Set(sources)].join(' and ')}`)

    for (let round = 1; round <= 20; round++) {
      await first.write(
        'PUT',
        '/v1/identifiers/88.118.30/r-1',
        withUrl(`https://example.com/new-${round}`),
      )
      t.equal(await first.ask('88.118.30/r-1'), `https://example.com/new-${round}`)
      const delayMs = await untilSeen(second, '88.118.30/r-1', `https://example.com/new-${round}`)
      if (delayMs > 1_000) t.fail(`seen after ${delayMs} ms`)
    }
  },
)

testWith(
  t,
  [postgres, redis],
  'a batch takes in one look what Redis has, and the rest from the store',
  async t => {
    const { first, second } = await nodesWithRedis(t)
    const identifiers = Array.from({ length: recordCount }, (_, at) => `88.118.30/r-${at + 1}`)
    const sharedCount = 30
    // Changes are followed in their order: who sees this one knows of those before it, so that no copy is late.
    await second.write('PUT', '/v1/identifiers/88.118.30/last', withUrl('https://example.com/last'))
    await untilSeen(first, '88.118.30/last', 'https://example.com/last')
    for (const identifier of identifiers.slice(0, sharedCount)) await first.ask(identifier)
    await untilCounted(first, 'qxm_redis_writes_total{result="kept"}', sharedCount)
    const before = await countsOf(second)

    const said = await askBatch(second, [...identifiers, '88.118.30/none', '88.118.30/r-1'])

    const answered = identifiers.map(() => 'https://example.com/0')
    t.same(said, [...answered, 'IDENTIFIER_UNKNOWN', 'https://example.com/0'])
    const after = await countsOf(second)
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    t.equal(grown('qxm_redis_lookups_total{result="hit"}'), sharedCount)
    t.equal(grown('qxm_redis_lookups_total{result="late"}'), 0)
    t.equal(grown('qxm_redis_seconds_count{command="read"}'), 1, 'one look for all')
    t.equal(grown('qxm_resolve_total{source="store",outcome="answer"}'), recordCount - sharedCount)
    t.same(await askBatch(second, identifiers), answered, 'and from memory the same')
  },
)

testWith(
  t,
  [postgres, redis],
  'Redis refused, frozen, flushed or full of junk: no wrong answer, no failure',
  async t => {
    const { first, second, proxy, server } = await nodesWithRedis(t)
    const days: Record<string, () => Promise<unknown>> = {
      refused: async () => {
        proxy.set('refuse')
        proxy.cut()
      },
      frozen: async () => proxy.set('freeze'),
      back: async () => proxy.set('pass'),
      flushed: () => server.flushall(),
      junk: async () => {
        for (const key of await server.keys('qxm:*:v1:*')) await server.set(key, 'junk')
      },
    }
    for (const [day, begin] of Object.entries(days)) {
      await begin()
      const { wrong, failed } = await resolveMany(first, second, day)
      t.equal(wrong, 0, `${day}: wrong answers of ${resolves}`)
      t.equal(failed, 0, `${day}: failures`)
      if (day === 'frozen') await untilDegraded(second, ['redis'])
    }
    await untilDegraded(second, [])
  },
)

/** Resolves on both nodes while records change on one; what is asked past the memory is asked of Redis or the store. */
async function resolveMany(first: TestNode, second: TestNode, day: string) {
  let wrong = 0
  let failed = 0
  for (let count = 0; count < resolves; count++) {
    const identifier = `88.118.30/r-${1 + (count % recordCount)}`
    if (count % 20 === 0) {
      const href = `https://example.com/${day}-${count}`
      await first.write('PUT', `/v1/identifiers/${identifier}`, withUrl(href))
      if ((await first.ask(identifier)) !== href) wrong += 1
      await untilSeen(second, identifier, href)
    }
    const said = await Promise.all([first.ask(identifier), second.ask(identifier)])
    if (said.some(value => !value.startsWith('https://'))) failed += 1
    else if (said[0] !== said[1]) wrong += 1
  }
  return { wrong, failed }
}

async function nodesWithRedis(t: Test) {
  const { port } = await aRedisServer()
  const proxy = await aFaultProxy(t, port)
  const server = new Redis(port, '127.0.0.1')
  t.teardown(() => server.disconnect())
  const { first, second } = await twoNodes(t, { redisUrl: `redis://127.0.0.1:${proxy.port}` })
  for (let number = 1; number <= recordCount; number++) {
    await first.write(
      'PUT',
      `/v1/identifiers/88.118.30/r-${number}`,
      withUrl('https://example.com/0'),
    )
  }
  // So long a sibling may take to know that they exist.
  await sleep(1_000)
  return { first, second, proxy, server }
}

/** As anyone: the first value of each, or the code of its problem. */
async function askBatch(node: TestNode, identifiers: readonly string[]): Promise<string[]> {
  const response = await fetch(`${node.http}/v1/resolve:batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifiers }),
  })
  const { answers } = (await response.json()) as {
    answers: { values?: { data: { value: string } }[]; code: string }[]
  }
  return answers.map(({ values, code }) => values?.[0]?.data.value ?? code)
}

/** What the node has counted, by metric and labels as they are printed. */
async function countsOf({ ops }: TestNode): Promise<Map<string, number>> {
  const text = await (await fetch(`${ops}/metrics`)).text()
  const counts = text.matchAll(/^(qxm_[^ ]+) (\d+)$/gm)
  return new Map([...counts].map(([, name = '', count]) => [name, Number(count)]))
}

async function untilCounted(node: TestNode, name: string, least: number): Promise<void> {
  const since = performance.now()
  for (;;) {
    const count = (await countsOf(node)).get(name) ?? 0
    if (count >= least) return
    if (performance.now() - since > 10_000) throw new Error(`${name} is ${count}, not ${least}`)
    await sleep(50)
  }
}

async function untilDegraded(node: TestNode, degraded: readonly string[]): Promise<void> {
  const since = performance.now()
  for (;;) {
    const answer = await fetch(`${node.ops}/readyz`)
    const said = (await answer.json()) as { degraded: string[] }
    if (answer.status === 200 && said.degraded.join() === degraded.join()) return
    if (performance.now() - since > 10_000) throw new Error(`degraded is ${said.degraded.join()}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
