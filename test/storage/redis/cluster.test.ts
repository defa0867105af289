import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { freePort } from '../../support/programs.ts'
import { aRedisServer, type RedisServer, redis } from '../../support/redis-server.ts'
import { testWith } from '../../support/throw-away.ts'
import { aProcess, aSmallStore, type Process, until } from './a-process.ts'

const slotCount = 16_384

let cluster: ReturnType<typeof aCluster> | undefined

/** One for the file, because it takes seconds to come together; the last test breaks it. */
function theCluster() {
  cluster ??= aCluster()
  return cluster
}

/** Three masters and a replica each, on loopback; a master is given up after a second. */
async function aCluster(): Promise<{ servers: readonly RedisServer[]; url: string }> {
  const servers = await Promise.all(
    Array.from({ length: 6 }, async () =>
      aRedisServer({
        'cluster-enabled': 'yes',
        'cluster-node-timeout': '1000',
        // Beside the usual one, which is 10 000 higher and may be no port at all.
        'cluster-port': String(await freePort()),
      }),
    ),
  )
  const clients = servers.map(({ port }) => new Redis(port))
  const [first, ...others] = clients
  if (first === undefined) throw new Error('no server')
  for (const client of others) {
    const [host, busPort] = ['127.0.0.1', await clusterPortOf(client)]
    await first.call('cluster', 'meet', host, String(client.options.port), busPort)
  }
  await Promise.all(
    clients.slice(0, 3).map((client, n) => {
      const from = Math.ceil((slotCount * n) / 3)
      const to = Math.ceil((slotCount * (n + 1)) / 3) - 1
      return client.call('cluster', 'addslotsrange', String(from), String(to))
    }),
  )
  const ids = await Promise.all(clients.map(client => client.call('cluster', 'myid')))
  const everyoneKnows = async () =>
    (await Promise.all(clients.map(client => client.cluster('INFO')))).every(
      info => /cluster_known_nodes:6/.test(info) && /cluster_state:ok/.test(info),
    )
  await until(everyoneKnows, 15_000)
  for (const [n, client] of clients.slice(3).entries()) {
    await until(async () => {
      const answer = await client
        .call('cluster', 'replicate', String(ids[n]))
        .catch(() => 'not yet')
      return answer === 'OK'
    }, 5_000)
  }
  const isLinked = async (client: Redis) =>
    /master_link_status:up/.test(await client.info('replication'))
  await until(
    async () => (await Promise.all(clients.slice(3).map(isLinked))).every(Boolean),
    15_000,
  )
  for (const client of clients) client.disconnect()
  return { servers, url: servers.map(({ url }) => url).join(',') }
}

async function clusterPortOf(client: Redis): Promise<string> {
  const [, port = ''] = (await client.config('GET', 'cluster-port')) as string[]
  return port
}

testWith(t, [redis], 'keys of one tick are one MGET a slot, and one write a master', async t => {
  const { servers, url } = await theCluster()
  const store = aSmallStore()
  const apart = Array.from({ length: 200 }, (_, n) => `88.118.8/apart-${n}`)
  const together = Array.from({ length: 50 }, (_, n) => `88.118.8/{tag}-${n}`)
  const identifiers = [...apart, ...together]
  for (const identifier of identifiers) store.write(identifier)
  const process = await aProcess(t, url, store)
  const masters = servers.slice(0, 3).map(({ port }) => new Redis(port))
  t.teardown(() => masters.map(master => master.disconnect()))
  const resolveAll = async () => {
    process.forgetAll()
    return (await Promise.all(identifiers.map(process.resolve))).map(({ source }) => source)
  }
  await until(async () => (await resolveAll()).every(source => source === 'redis'), 5_000)
  const keys = (await Promise.all(masters.map(master => master.keys('*')))).flat()
  const slotsOf = (named: RegExp) =>
    Promise.all(keys.filter(key => named.test(key)).map(key => masters[0]?.cluster('KEYSLOT', key)))
  const [slotsApart, slotsTogether] = [await slotsOf(/apart-/), await slotsOf(/tag/)]
  const countOf = async (section: string, name: RegExp) =>
    Promise.all(
      masters.map(async master => Number(name.exec(await master.info(section))?.[1] ?? 0)),
    )
  await Promise.all(masters.map(master => master.config('RESETSTAT')))

  const sources = await resolveAll()

  const mgets = await countOf('commandstats', /cmdstat_mget:calls=(\d+)/)
  const reads = await countOf('stats', /total_reads_processed:(\d+)/)
  t.ok(sources.every(source => source === 'redis'))
  t.equal(new Set(slotsTogether).size, 1)
  const slotsAsked = new Set([...slotsApart, ...slotsTogether]).size
  const mgetCount = mgets.reduce((sum, count) => sum + count)
  // Each master is also asked once a second whether it is there.
  const isOneEach = mgetCount >= slotsAsked && mgetCount <= slotsAsked + 10
  t.ok(isOneEach, `${mgetCount} MGETs of ${identifiers.length} keys in ${slotsAsked} slots`)
  t.strictSame(await countOf('commandstats', /cmdstat_get:calls=(\d+)/), [0, 0, 0])
  t.ok(
    reads.every(count => count <= 10),
    `${reads} reads, our own questions and probes included`,
  )
})

testWith(t, [redis], 'a ring is heard by every process of a cluster', async t => {
  const { url } = await theCluster()
  const store = aSmallStore()
  const [one, other] = [await aProcess(t, url, store), await aProcess(t, url, store)]
  const heard: (number | undefined)[] = []
  const bells = [one.openBell(() => undefined), other.openBell(seq => void heard.push(seq))]
  t.teardown(() => bells.map(bell => bell.close()))
  await until(() => heard.length > 0, 5_000)

  bells[0]?.ring(17)
  await until(() => heard.includes(17), 1_000)

  t.strictSame(heard, [undefined, 17])
})

testWith(
  t,
  [redis],
  'a cluster of six loses a master under load, and no question fails',
  async t => {
    const { servers, url } = await theCluster()
    const store = aSmallStore()
    const identifiers = Array.from({ length: 500 }, (_, n) => `88.118.8/${n}`)
    for (const identifier of identifiers) store.write(identifier)
    const writer = await aProcess(t, url, store)
    const reader = await aProcess(t, url, store)
    const isAllShared = async (process: Process) => {
      process.forgetAll()
      const answers = await Promise.all(identifiers.map(process.resolve))
      return answers.every(({ serial, source }) => serial === 1 && source === 'redis')
    }
    await until(() => isAllShared(writer), 5_000)
    t.ok(await isAllShared(reader))

    let isOver = false
    const failures: unknown[] = []
    const slow: number[] = []
    let answered = 0
    const load = Array.from({ length: 8 }, async (_, worker) => {
      for (let n = worker; !isOver; n += 8) {
        if (n % 500 === worker) reader.forgetAll()
        const identifier = identifiers[n % 500] ?? ''
        const startedAt = performance.now()
        try {
          const { serial } = await reader.resolve(identifier)
          if (serial !== store.serialOf(identifier)) failures.push(`${identifier}: ${serial}`)
        } catch (error) {
          failures.push(error)
        }
        if (performance.now() - startedAt > 250) slow.push(performance.now() - startedAt)
        answered += 1
        if (n % 40 === worker) await sleep(1)
      }
    })
    await sleep(300)
    process.kill(servers[0]?.pid ?? 0, 'SIGKILL')
    const noticedMs = await until(() => reader.degraded() === 'redis', 3_000)
    const backMs = await until(() => reader.degraded() === undefined, 15_000)
    await sleep(300)
    isOver = true
    await Promise.all(load)

    t.strictSame(failures, [])
    t.ok(slow.length <= answered / 1000, `${slow.length} of ${answered} took more than 250 ms`)
    await until(() => isAllShared(reader), 10_000)
    t.comment(`noticed after ${noticedMs} ms, whole again after ${backMs} ms`)
    t.comment(`${answered} answers`, await reader.counts())
  },
)
