import t from 'tap'
import { aFaultProxy } from '../../support/fault-proxy.ts'
import { aRedisServer, redis } from '../../support/redis-server.ts'
import { testWith } from '../../support/throw-away.ts'
import { aProcess, aSmallStore, until } from './a-process.ts'

testWith(t, [redis], 'a ring is heard by the other processes of the same store only', async t => {
  const { url } = await aRedisServer()
  const [store, otherStore] = [aSmallStore(), aSmallStore()]
  const [one, other, stranger] = await Promise.all(
    [store, store, otherStore].map(each => aProcess(t, url, each)),
  )
  const heard: { readonly by: string; readonly seq: number | undefined }[] = []
  const bells = [
    one?.openBell(seq => void heard.push({ by: 'one', seq })),
    other?.openBell(seq => void heard.push({ by: 'other', seq })),
    stranger?.openBell(seq => void heard.push({ by: 'stranger', seq })),
  ]
  t.teardown(() => bells.map(bell => bell?.close()))
  await until(() => heard.length === 3, 2_000)

  bells[0]?.ring(7)
  await until(() => heard.length === 5, 1_000)

  t.ok(
    heard.slice(0, 3).every(({ seq }) => seq === undefined),
    'look once the connection is made',
  )
  t.strictSame(
    heard
      .slice(3)
      .map(({ by, seq }) => `${by} ${seq}`)
      .sort(),
    ['one 7', 'other 7'],
  )
})

testWith(
  t,
  [redis],
  'after each loss of the connection it says to look, and hears again',
  async t => {
    const server = await aRedisServer()
    const proxy = await aFaultProxy(t, server.port)
    const process = await aProcess(t, `redis://127.0.0.1:${proxy.port}`, aSmallStore())
    const heard: (number | undefined)[] = []
    const bell = process.openBell(seq => void heard.push(seq))
    t.teardown(() => bell.close())
    await until(() => heard.length === 1, 2_000)

    proxy.cut()
    await until(() => heard.length === 2, 3_000)
    await server.stop()
    bell.ring(8)
    await server.start()
    await until(() => heard.length === 3, 5_000)
    await until(() => {
      bell.ring(9)
      return heard.includes(9)
    }, 5_000)

    t.strictSame(heard.slice(0, 3), [undefined, undefined, undefined])
  },
)

testWith(t, [redis], 'a connection that has gone silent is given up and made again', async t => {
  const server = await aRedisServer()
  const proxy = await aFaultProxy(t, server.port)
  const process = await aProcess(t, `redis://127.0.0.1:${proxy.port}`, aSmallStore())
  const heard: (number | undefined)[] = []
  const bell = process.openBell(seq => void heard.push(seq))
  t.teardown(() => bell.close())
  await until(() => heard.length === 1, 2_000)

  await proxy.set('freeze')
  await until(() => proxy.connections() === 0, 10_000).catch(() => undefined)
  await proxy.set('pass')
  await until(() => heard.length >= 2, 10_000)

  t.equal(heard[1], undefined)
})
