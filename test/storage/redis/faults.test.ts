import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { aFaultProxy } from '../../support/fault-proxy.ts'
import { aRedisServer, redis } from '../../support/redis-server.ts'
import { testWith } from '../../support/throw-away.ts'
import { aProcess, aSmallStore, type Process, type SmallStore, until } from './a-process.ts'

/** A process with Redis behind a proxy that can do harm, and a hundred records, in Redis already. */
async function aProcessBehindAProxy(t: Test) {
  const server = await aRedisServer()
  const proxy = await aFaultProxy(t, server.port)
  const store = aSmallStore()
  const identifiers = Array.from({ length: 100 }, (_, n) => `88.118.8/${n}`)
  for (const identifier of identifiers) store.write(identifier)
  const process = await aProcess(t, `redis://127.0.0.1:${proxy.port}`, store)
  await Promise.all(identifiers.map(process.resolve))
  await until(async () => (await process.counts('qxm_redis_writes_total'))['kept'] === 100, 5_000)
  return { server, proxy, store, identifiers, process }
}

/**
 * Asks past the memory of the process, twenty at a time, and checks every answer.
 * @returns how long each took, in milliseconds
 */
async function resolveAll(
  process: Process,
  store: SmallStore,
  identifiers: readonly string[],
  count: number,
): Promise<{ readonly ms: readonly number[]; readonly wrong: number }> {
  const ms: number[] = []
  let wrong = 0
  for (let done = 0; done < count; done += 20) {
    process.forgetAll()
    const batch = Array.from({ length: 20 }, (_, n) => identifiers[(done + n) % 100] ?? '')
    await Promise.all(
      batch.map(async identifier => {
        const startedAt = performance.now()
        const { serial } = await process.resolve(identifier)
        ms.push(performance.now() - startedAt)
        if (serial !== store.serialOf(identifier)) wrong += 1
      }),
    )
  }
  return { ms, wrong }
}

function quantile(ms: readonly number[], share: number): number {
  return ms.toSorted((a, b) => a - b)[Math.floor((ms.length - 1) * share)] ?? 0
}

/** The deadline, and what a busy machine adds to a timer. */
const deadlineMs = 100
const slackMs = 400

testWith(
  t,
  [redis],
  'a refused Redis costs nothing but its answers, and comes back by itself',
  async t => {
    const { proxy, store, identifiers, process } = await aProcessBehindAProxy(t)

    await proxy.set('refuse')
    const noticedMs = await until(() => process.degraded() === 'redis', 2_000)
    const { ms, wrong } = await resolveAll(process, store, identifiers, 2_000)
    await proxy.set('pass')
    const backMs = await until(() => process.degraded() === undefined, 5_000)
    process.forgetAll()

    t.equal(wrong, 0)
    t.ok(quantile(ms, 0.99) < 250, `p99 ${quantile(ms, 0.99)} ms`)
    t.match(await process.resolve(identifiers[0] ?? ''), { source: 'redis' })
    t.comment(`noticed after ${noticedMs} ms, back after ${backMs} ms`)
  },
)

for (const mode of ['freeze', { latencyMs: 3_000 }] as const) {
  const name = mode === 'freeze' ? 'hangs' : 'takes three seconds'
  testWith(
    t,
    [redis],
    `a Redis that ${name} adds its deadline to the first requests, then nothing`,
    async t => {
      const { proxy, store, identifiers, process } = await aProcessBehindAProxy(t)

      await proxy.set(mode)
      const first = await resolveAll(process, store, identifiers, 200)
      const then = await resolveAll(process, store, identifiers, 2_000)
      const connections = proxy.connections()
      const { error = 0 } = await process.counts()
      await proxy.set('pass')
      await until(() => process.degraded() === undefined, 6_000)
      process.forgetAll()

      t.equal(first.wrong + then.wrong, 0)
      t.ok(quantile(first.ms, 1) < deadlineMs + slackMs, `at most ${quantile(first.ms, 1)} ms`)
      t.ok(quantile(then.ms, 0.99) < deadlineMs, `p99 ${quantile(then.ms, 0.99)} ms`)
      t.ok(error <= 5 * 20, `${error} keys waited for`)
      t.ok(connections <= 3, `${connections} connections`)
      t.match(await process.resolve(identifiers[0] ?? ''), { source: 'redis' })
    },
  )
}

testWith(
  t,
  [redis],
  'a Redis that hangs for long is given up, and nothing piles up meanwhile',
  async t => {
    const { proxy, process, store, identifiers } = await aProcessBehindAProxy(t)

    await proxy.set('freeze')
    await resolveAll(process, store, identifiers, 200)
    const openBefore = (await process.counts())['open'] ?? 0
    const startedAt = performance.now()
    const connections: number[] = []
    while (performance.now() - startedAt < 4_000) {
      await resolveAll(process, store, identifiers, 20)
      connections.push(proxy.connections())
      await sleep(50)
    }

    t.ok(Math.max(...connections) <= 3, `${Math.max(...connections)} connections`)
    t.ok(((await process.counts())['open'] ?? 0) > openBefore, 'it was not asked')
  },
)

testWith(t, [redis], 'a killed Redis that comes back empty is filled again', async t => {
  const { server, store, identifiers, process } = await aProcessBehindAProxy(t)

  globalThis.process.kill(server.pid, 'SIGKILL')
  const { wrong, ms } = await resolveAll(process, store, identifiers, 500)
  await server.stop()
  await server.start()
  await until(() => process.degraded() === undefined, 5_000)
  await resolveAll(process, store, identifiers, 100)
  await until(async () => {
    process.forgetAll()
    return (await process.resolve(identifiers[0] ?? '')).source === 'redis'
  }, 2_000)

  t.equal(wrong, 0)
  t.ok(quantile(ms, 0.99) < 250, `p99 ${quantile(ms, 0.99)} ms`)
})

testWith(
  t,
  [redis],
  'what changed during a partition is new in every process within a second after it',
  async t => {
    const { server, proxy, store, identifiers, process: near } = await aProcessBehindAProxy(t)
    const far = await aProcess(t, server.url, store)
    const [changed = '', late = ''] = identifiers
    const everybody = [near, far]
    await server.stop()
    await server.start()
    await until(() => everybody.every(each => each.degraded() === undefined), 5_000)

    await proxy.set('freeze')
    // Read before the change and written after it: the old record lies in the proxy until the partition heals.
    near.forgetAll()
    await near.resolve(late)
    for (const identifier of [changed, late]) store.write(identifier)
    await far.look()
    await Promise.all([changed, late].map(far.resolve))
    const healedAt = performance.now()
    await proxy.set('pass')
    await near.look()
    await until(() => near.degraded() === undefined, 6_000)

    const answers = []
    for (let round = 0; round < 10; round += 1) {
      for (const each of everybody) {
        each.forgetAll()
        answers.push(await each.resolve(changed), await each.resolve(late))
      }
      await sleep(20)
    }
    t.ok(answers.every(({ serial }) => serial === 2))
    const lateCounts = await Promise.all(everybody.map(async each => (await each.counts())['late']))
    // A busy machine may give it up before the proxy has it: then nothing had to be recognised.
    const isLate = lateCounts.some(count => count)
    t.comment(`the old record ${isLate ? 'came out of the proxy, and was known' : 'was lost'}`)
    t.comment(`${Math.round(performance.now() - healedAt)} ms after the partition`)
  },
)
