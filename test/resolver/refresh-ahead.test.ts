import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import { anIdentifier, aPrefix, aRecord } from '../support/builders.ts'
import { aGate, aResolver, type World } from './a-resolver.ts'

const key = '88.118.8/abc-1'

/** Answers live 300 s, the last 30 of which are near their end. */
function aWorld(world: World = {}) {
  const refreshes: string[] = []
  const metrics = {
    resolved: () => undefined,
    storeAway: () => undefined,
    refreshed: (result: string) => void refreshes.push(result),
  }
  const made = aResolver({
    prefixes: [aPrefix('88.118.8')],
    records: [aRecord()],
    ...world,
    parts: { metrics, ...world.parts },
  })
  return { ...made, refreshes, peek: () => made.resolver.peek(anIdentifier('88.118.8/ABC-1')) }
}

t.test('a name that is asked for near its end is loaded anew, and nobody waits for it', async t => {
  const { peek, ask, store, clock, refreshes } = aWorld()
  await ask('88.118.8/ABC-1')
  await clock.advance(270_000)
  store.put(aRecord({ serial: 2 }))

  const near = peek()
  await clock.advance(0)
  await clock.advance(29_999)
  const before = peek()
  await clock.advance(200_000)
  const after = peek()

  t.match(near, { answer: { serial: 1 }, ageSeconds: 270 })
  t.match(before, { answer: { serial: 2 }, ageSeconds: 29 })
  t.match(after, { answer: { serial: 2 }, ageSeconds: 229 }, 'its life began when it was loaded')
  t.strictSame(store.asked, [key, key])
  t.strictSame(refreshes, ['done'])
})

t.test('also who is answered the long way shows that a name is asked for', async t => {
  const { ask, store, clock } = aWorld()
  await ask('88.118.8/ABC-1')
  await clock.advance(270_000)

  const near = await ask('88.118.8/ABC-1')
  await clock.advance(30_000)
  const after = await ask('88.118.8/ABC-1')

  t.match([near.source, after.source], ['memory', 'memory'])
  t.equal(store.asked.length, 2)
})

t.test('a name that nobody asks for near its end is left to end', async t => {
  const { ask, peek, store, clock } = aWorld()
  await ask('88.118.8/ABC-1')
  await clock.advance(269_999)

  t.ok(peek())
  await clock.advance(30_001)

  t.equal(peek(), undefined)
  t.strictSame(store.asked, [key])
})

t.test('however many ask, a name is loaded anew once', async t => {
  const { ask, peek, store, clock } = aWorld()
  await ask('88.118.8/ABC-1')
  await clock.advance(270_000)
  const { gate, open } = aGate()
  store.gate = gate

  for (let n = 0; n < 100; n++) t.ok(peek())
  const long = await ask('88.118.8/ABC-1')
  open()

  t.equal(long.source, 'memory')
  t.equal(store.asked.length, 2)
})

t.test(
  'an answer is never given past its end: who asks then waits for the load under way',
  async t => {
    const { ask, peek, store, clock } = aWorld()
    await ask('88.118.8/ABC-1')
    await clock.advance(270_000)
    const { gate, open } = aGate()
    store.gate = gate
    store.put(aRecord({ serial: 2 }))
    peek()
    await clock.advance(29_999)
    const last = peek()
    await clock.advance(1)

    const past = peek()
    const asking = ask('88.118.8/ABC-1')
    open()

    t.match(last, { answer: { serial: 1 } })
    t.equal(past, undefined)
    t.match(await asking, { answer: { serial: 2 }, source: 'store', ageSeconds: 0 })
    t.equal(store.asked.length, 2)
  },
)

t.test('a store that is away is asked once ahead, and the answer is given to its end', async t => {
  const { ask, peek, store, clock, refreshes } = aWorld()
  await ask('88.118.8/ABC-1')
  store.failure = new Failure('STORE_AWAY')
  await clock.advance(270_000)

  for (let second = 0; second < 30; second++) {
    t.match(peek(), { answer: { serial: 1 } })
    await clock.advance(1000)
  }

  t.equal(peek(), undefined)
  t.equal(store.asked.length, 2)
  t.strictSame(refreshes, ['failed'])
})

t.test('a change while a name is loaded anew makes what was read untrue', async t => {
  const { ask, peek, resolver, store, clock } = aWorld()
  await ask('88.118.8/ABC-1')
  await clock.advance(270_000)
  const { gate, open } = aGate()
  store.gate = gate
  peek()
  store.put(aRecord({ serial: 2 }))
  resolver.forget([key])
  open()
  await clock.advance(0)

  t.equal(peek(), undefined)
  t.match(await ask('88.118.8/ABC-1'), { answer: { serial: 2 } })
})

t.test(
  'only so many are loaded ahead at once; the others are when they are asked for again',
  async t => {
    const identifiers = Array.from({ length: 100 }, (_, n) => `88.118.8/${n}`)
    const records = identifiers.map(identifier => aRecord({ identifier }))
    const { resolver, ask, store, clock } = aWorld({ records })
    const peekAll = () => identifiers.map(each => resolver.peek(anIdentifier(each)))
    for (const identifier of identifiers) await ask(identifier)
    await clock.advance(270_000)
    store.asked.length = 0
    const { gate, open } = aGate()
    store.gate = gate

    t.ok(peekAll().every(Boolean))
    const atOnce = store.asked.length
    open()
    await clock.advance(0)
    t.ok(peekAll().every(Boolean))

    t.equal(atOnce, 64)
    t.equal(store.asked.length, 100)
  },
)

t.test('names loaded together come near their ends apart', async t => {
  const draws = [0, 0.5, 1]
  const identifiers = draws.map((_, n) => `88.118.8/${n}`)
  const { resolver, ask, store, clock } = aWorld({
    records: identifiers.map(identifier => aRecord({ identifier })),
    parts: { random: () => draws.shift() ?? 0 },
  })
  for (const identifier of identifiers) await ask(identifier)
  store.asked.length = 0
  const countAt = async (ms: number) => {
    await clock.advance(ms - clock.monotonicMs())
    for (const each of identifiers) resolver.peek(anIdentifier(each))
    return store.asked.length
  }

  // Of 270, 285 and 300 s, as jitter made them.
  t.equal(await countAt(242_999), 0)
  t.equal(await countAt(243_000), 1)
  t.equal(await countAt(256_499), 1)
  t.equal(await countAt(256_500), 2)
  t.equal(await countAt(269_999), 2)
  t.equal(await countAt(270_000), 3)
})

t.test('bytes kept elsewhere end where they would hide that a name is asked for', async t => {
  const { ask, peek, clock } = aWorld()
  await ask('88.118.8/ABC-1')
  const early = peek()?.copyUntilMs
  await clock.advance(270_000)
  const { copyUntilMs: late } = peek() ?? {}

  t.equal(early, 270_000)
  t.equal(late, 300_000, 'not later than the answer')
})
