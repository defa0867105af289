import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { aRedisServer, type RedisServer, redis } from '../../support/redis-server.ts'
import { testWith } from '../../support/throw-away.ts'
import { aProcess, aSmallStore, type SmallStore, until } from './a-process.ts'

let server: Promise<RedisServer> | undefined

/** One server for the file; every store has a namespace of its own. */
function theServer(): Promise<RedisServer> {
  server ??= aRedisServer()
  return server
}

async function aClient(t: Test): Promise<Redis> {
  const client = new Redis((await theServer()).port)
  t.teardown(() => client.disconnect())
  return client
}

function redisKey(store: SmallStore, identifier: string): string {
  return `qxm:${store.namespace}:v1:${identifier}`
}

/** Identifiers with a record each, kept in Redis by a process that has answered them. */
async function aFilledStore(t: Test, count: number) {
  const store = aSmallStore()
  const identifiers = Array.from({ length: count }, (_, n) => `88.118.8/${n}`)
  for (const identifier of identifiers) store.write(identifier)
  const { url } = await theServer()
  const writer = await aProcess(t, url, store)
  await Promise.all(identifiers.map(writer.resolve))
  const kept = async () => (await writer.counts('qxm_redis_writes_total'))['kept'] === count
  await until(kept, 5_000)
  return { store, identifiers, writer, url, client: await aClient(t) }
}

testWith(t, [redis], 'what one process read, another answers without the store', async t => {
  const { store, identifiers, url } = await aFilledStore(t, 300)
  const reader = await aProcess(t, url, store)
  const askedBefore = store.askedCount

  const answers = await Promise.all(identifiers.map(reader.resolve))

  t.ok(answers.every(({ serial, source }) => serial === 1 && source === 'redis'))
  t.equal(store.askedCount, askedBefore)
  t.match(await reader.counts(), { hit: 300, absent: 0, junk: 0, error: 0 })
})

testWith(
  t,
  [redis],
  'a change in one process is true in the other as soon as it looks',
  async t => {
    const { store, identifiers, url, writer } = await aFilledStore(t, 3)
    const [first = ''] = identifiers
    const reader = await aProcess(t, url, store)
    await reader.resolve(first)

    store.write(first)
    await reader.look()

    t.strictSame(await reader.resolve(first), { serial: 2, source: 'store' })
    t.match(await reader.counts(), { late: 1 })
    await writer.look()
    await until(async () => (await reader.counts('qxm_redis_writes_total'))['kept'] === 1, 2_000)
    t.strictSame(await writer.resolve(first), { serial: 2, source: 'redis' })
  },
)

testWith(t, [redis], 'a flushed Redis costs questions to the store and nothing else', async t => {
  const { store, identifiers, url, client } = await aFilledStore(t, 300)
  const reader = await aProcess(t, url, store)

  await client.flushall()
  const answers = await Promise.all(identifiers.map(reader.resolve))

  t.ok(answers.every(({ serial, source }) => serial === 1 && source === 'store'))
  t.match(await reader.counts(), { absent: 300, hit: 0 })
})

testWith(
  t,
  [redis],
  "another tenant's bytes under our keys are misses, removed and counted",
  async t => {
    const { store, identifiers, url, client } = await aFilledStore(t, 200)
    const unknown = '88.118.8/no-such'
    const [foreign = ''] = identifiers
    const taken = await client.getBuffer(redisKey(store, identifiers[1] ?? ''))
    for (const identifier of identifiers.slice(2)) {
      await client.set(
        redisKey(store, identifier),
        randomBytes(1 + Math.floor(Math.random() * 600)),
      )
    }
    await client.set(redisKey(store, foreign), taken ?? '')
    await client.set(redisKey(store, unknown), 'not ours')
    const reader = await aProcess(t, url, store)

    const answers = await Promise.all(
      identifiers.map(async identifier => ({
        identifier,
        answer: await reader.resolve(identifier),
      })),
    )
    await t.rejects(reader.resolve(unknown), { code: 'IDENTIFIER_UNKNOWN' })

    t.ok(answers.every(({ answer }) => answer.serial === 1))
    t.match(await reader.counts(), { junk: 200, hit: 1 })
    await until(async () => (await client.exists(redisKey(store, unknown))) === 0, 1_000)
    reader.forgetAll()
    const again = await Promise.all(identifiers.map(reader.resolve))
    t.ok(again.every(({ serial, source }) => serial === 1 && source === 'redis'))
  },
)

testWith(t, [redis], 'something that is no text under one of our keys is a miss', async t => {
  const { store, identifiers, url, client } = await aFilledStore(t, 2)
  const [first = ''] = identifiers
  await client.del(redisKey(store, first))
  await client.lpush(redisKey(store, first), 'a list')
  const reader = await aProcess(t, url, store)

  t.strictSame(await reader.resolve(first), { serial: 1, source: 'store' })
})

testWith(t, [redis], 'two stores share a Redis without seeing each other', async t => {
  const { identifiers, url } = await aFilledStore(t, 1)
  const [first = ''] = identifiers
  const other = aSmallStore()
  other.write(first)
  other.write(first)
  const reader = await aProcess(t, url, other)

  t.strictSame(await reader.resolve(first), { serial: 2, source: 'store' })
})

testWith(t, [redis], 'entries end, not all at once and none later than they may', async t => {
  const { store, identifiers, client } = await aFilledStore(t, 100)

  const left = await Promise.all(
    identifiers.map(identifier => client.pttl(redisKey(store, identifier))),
  )

  t.ok(left.every(ms => ms > 255_000 && ms <= 300_000))
  t.ok(new Set(left.map(ms => Math.floor(ms / 1000))).size > 10)
})
