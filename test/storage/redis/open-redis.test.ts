import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import {
  endServer,
  findProgram,
  freePort,
  startServer,
  unprivileged,
} from '../../support/programs.ts'
import { aRedisServer, redis } from '../../support/redis-server.ts'
import { aServerFolder, testWith } from '../../support/throw-away.ts'
import { aProcess, aSmallStore, until } from './a-process.ts'

t.test('a node starts without its Redis, and says so', async t => {
  const store = aSmallStore()
  store.write('88.118.8/a')
  const startedAt = performance.now()

  const process = await aProcess(t, `redis://127.0.0.1:${await freePort()}`, store)

  t.ok(performance.now() - startedAt < 2_000)
  t.equal(process.degraded(), 'redis')
  t.strictSame(await process.resolve('88.118.8/a'), { serial: 1, source: 'store' })
  t.match(await process.counts(), { open: 1 })
  t.match(await process.counts('qxm_redis_writes_total'), { kept: 0 })
})

t.test('a node starts with something that only listens where its Redis should be', async t => {
  const port = await freePort()
  const mute = createServer(socket => socket.on('error', () => undefined)).listen(port, '127.0.0.1')
  t.teardown(() => mute.close())
  await once(mute, 'listening')
  const store = aSmallStore()
  store.write('88.118.8/a')
  const startedAt = performance.now()

  const process = await aProcess(t, `redis://127.0.0.1:${port}`, store)

  t.ok(performance.now() - startedAt < 2_000)
  t.strictSame(await process.resolve('88.118.8/a'), { serial: 1, source: 'store' })
})

testWith(t, [redis], 'a password, a user and a database are taken from the URL', async t => {
  const server = await aRedisServer()
  const client = new Redis({ port: server.port, db: 3 })
  t.teardown(() => client.disconnect())
  await client.config('SET', 'requirepass', 'p@ss')
  const store = aSmallStore()
  store.write('88.118.8/a')

  const right = await aProcess(t, `redis://default:p%40ss@127.0.0.1:${server.port}/3`, store)
  await right.resolve('88.118.8/a')
  await until(async () => (await right.counts('qxm_redis_writes_total'))['kept'] === 1, 2_000)
  const wrong = await aProcess(t, `redis://:other@127.0.0.1:${server.port}`, store)

  t.equal(await client.dbsize(), 1)
  t.equal(wrong.degraded(), 'redis')
  t.strictSame(await wrong.resolve('88.118.8/a'), { serial: 1, source: 'store' })
})

testWith(t, [redis], 'a user who may do nothing is an absent Redis, and stays one', async t => {
  const server = await aRedisServer()
  const client = new Redis(server.port)
  t.teardown(() => client.disconnect())
  await client.call(
    'acl',
    'setuser',
    'poor',
    'on',
    '>secret',
    '~*',
    '+ping',
    '+info',
    '+client',
    '+hello',
  )
  const store = aSmallStore()
  const identifiers = Array.from({ length: 6 }, (_, n) => `88.118.8/${n}`)
  for (const identifier of identifiers) store.write(identifier)
  const process = await aProcess(t, `redis://poor:secret@127.0.0.1:${server.port}`, store)

  for (const identifier of identifiers) {
    t.strictSame(await process.resolve(identifier), { serial: 1, source: 'store' })
  }

  t.equal(process.degraded(), 'redis')
  await t.rejects(until(() => process.degraded() === undefined, 2_500))
})

testWith(t, [redis], 'Sentinels are asked for the master, and for the next one', async t => {
  const [first, second] = [await aRedisServer(), await aRedisServer()]
  const replica = new Redis(second.port)
  t.teardown(() => replica.disconnect())
  await replica.replicaof('127.0.0.1', first.port)
  const sentinels = await aSentinel('qxm', first.port)
  const store = aSmallStore()
  store.write('88.118.8/a')
  const process = await aProcess(t, `redis+sentinel://${sentinels}/qxm`, store)
  const isShared = async () => {
    process.forgetAll()
    return (await process.resolve('88.118.8/a')).source === 'redis'
  }
  await until(isShared, 5_000)
  const isLinked = async () => /master_link_status:up/.test(await replica.info('replication'))
  await until(isLinked, 10_000)

  globalThis.process.kill(first.pid, 'SIGKILL')

  await until(() => process.degraded() === 'redis', 5_000)
  await until(isShared, 20_000)
  t.match(await replica.info('replication'), /role:master/)
})

/** One Sentinel, which decides alone that a master is gone. @returns its host and port */
async function aSentinel(name: string, masterPort: number): Promise<string> {
  const folder = await aServerFolder('sentinel')
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 3000`,
  ]
  // It writes what it learns into its own file.
  await writeFile(file, `${lines.join('\n')}\n`)
  await chmod(file, 0o666)
  const client = () => new Redis({ port, lazyConnect: true, retryStrategy: () => null })
  const child = await startServer(
    findProgram('redis-server') ?? '',
    [file, '--sentinel'],
    async () => {
      const asking = client()
      asking.on('error', () => undefined)
      const answer = await asking.ping().catch(() => undefined)
      asking.disconnect()
      return answer === 'PONG'
    },
    { ...unprivileged(), cwd: folder },
  )
  t.teardown(() => endServer(child, 'SIGTERM'))
  return `127.0.0.1:${port}`
}
