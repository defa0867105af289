import fc from 'fast-check'
import { Registry } from 'prom-client'
import t from 'tap'
import { makeKnownKeys } from '../../src/resolver/known-keys.ts'
import { makeKnownKeysMetrics } from '../../src/resolver/metrics.ts'

/** A store that other processes write to as well, and the keys that this one knows of it. */
function aWorld(keysMax = 1_000) {
  /** Readers of pages that wait to be let on. */
  const waiting: (() => void)[] = []
  const world = {
    stored: new Set<string>(),
    isFollowing: true,
    isAway: false,
    isPaced: false,
    errors: [] as unknown[],
    reads: 0,
    /** Lets one page be read, and what comes of it happen. */
    async page() {
      waiting.shift()?.()
      await quiet()
    },
  }
  const knownKeys = makeKnownKeys({
    stored: {
      estimate: async () => 0,
      async *pages() {
        world.reads += 1
        for (let after = ''; ; ) {
          if (world.isPaced) await new Promise<void>(resolve => waiting.push(resolve))
          if (world.isAway) throw new Error('away')
          const page = [...world.stored]
            .filter(key => key > after)
            .sort()
            .slice(0, world.isPaced ? 3 : 1_000_000)
          if (page.length === 0) return
          yield page
          after = page.at(-1) ?? ''
        }
      },
    },
    isFollowing: () => world.isFollowing,
    keysMax,
    random: () => 0x9e3779b9,
    sleep: async () => quiet(),
    onError: error => void world.errors.push(error),
  })
  return { ...world, world, knownKeys }
}

/** Long enough for whatever waits for nothing outside. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate)
}

t.test('nothing is said before all keys have been read', async t => {
  const { world, knownKeys } = aWorld()
  world.stored.add('a')
  world.isPaced = true

  const before = knownKeys.mayHave('b')
  knownKeys.startOver()
  await quiet()
  const during = knownKeys.mayHave('b')
  await world.page()
  await world.page()

  t.strictSame([before, during], [true, true])
  t.strictSame([knownKeys.mayHave('a'), knownKeys.mayHave('b')], [true, false])
  t.match(knownKeys.state, { isUsed: true, keyCount: 1, sparedCount: 1, asideCount: 2 })
})

t.test('it stands aside while changes may have been missed', async t => {
  const { world, knownKeys } = aWorld()
  knownKeys.startOver()
  await quiet()

  world.isFollowing = false
  const meanwhile = knownKeys.mayHave('b')
  world.isFollowing = true

  t.equal(meanwhile, true)
  t.equal(knownKeys.mayHave('b'), false)
})

t.test('a store that is away is asked again', async t => {
  const { world, knownKeys } = aWorld()
  world.isAway = true
  knownKeys.startOver()
  await quiet()
  world.isAway = false
  await quiet()
  await quiet()

  t.ok(world.errors.length > 0)
  t.equal(knownKeys.mayHave('b'), false)
})

t.test('without memory for any it says nothing and reads nothing', async t => {
  const { world, knownKeys } = aWorld(0)
  knownKeys.startOver()
  await quiet()

  t.equal(knownKeys.mayHave('b'), true)
  t.equal(world.reads, 0)
})

t.test('it is made larger when it is full, and in use meanwhile', async t => {
  const { world, knownKeys } = aWorld(1_000_000)
  for (let i = 0; i < 70_000; i++) world.stored.add(`k${i}`)
  knownKeys.startOver()
  await quiet()
  const atFirst = knownKeys.state

  world.isPaced = true
  const more = Array.from({ length: 70_000 }, (_, i) => `m${i}`)
  for (const key of more) world.stored.add(key)
  knownKeys.add(more)
  await quiet()
  const meanwhile = knownKeys.mayHave('none of them, surely')
  world.isPaced = false
  await world.page()

  t.equal(atFirst.byteCount, 2 * 98_304, 'one size was too small for those in the store')
  t.equal(meanwhile, false)
  t.ok(knownKeys.state.byteCount >= 4 * 98_304)
  t.ok([...world.stored].every(key => knownKeys.mayHave(key)))
})

t.test('what nobody announced is known when all are read again', async t => {
  const { world, knownKeys } = aWorld()
  knownKeys.startOver()
  await quiet()
  world.stored.add('by hand')
  world.isPaced = true

  knownKeys.refresh()
  await quiet()
  const meanwhile = ['by hand', 'b'].map(key => knownKeys.mayHave(key))
  await world.page()
  await world.page()

  t.strictSame(meanwhile, [false, false])
  t.strictSame(
    ['by hand', 'b'].map(key => knownKeys.mayHave(key)),
    [true, false],
  )
})

t.test('more keys than it has memory for pass more often, and none is refused', async t => {
  const { world, knownKeys } = aWorld(65_536)
  for (let i = 0; i < 200_000; i++) world.stored.add(`k${i}`)
  knownKeys.startOver()
  await quiet()

  t.ok([...world.stored].every(key => knownKeys.mayHave(key)))
  t.equal(knownKeys.state.byteCount, 98_304)
})

t.test('who closes it is not asked again', async t => {
  const { world, knownKeys } = aWorld()
  world.isPaced = true
  world.stored.add('a')
  knownKeys.startOver()
  await quiet()

  knownKeys.close()
  await world.page()

  t.equal(knownKeys.mayHave('b'), true)
})

t.test('what it does can be seen in the metrics', async t => {
  const { world, knownKeys } = aWorld()
  const registry = new Registry()
  makeKnownKeysMetrics(registry, () => knownKeys.state)
  world.stored.add('a')
  knownKeys.mayHave('b')
  const before = await registry.metrics()
  knownKeys.startOver()
  await quiet()
  for (const key of ['a', 'b', 'c']) knownKeys.mayHave(key)

  const metrics = await registry.metrics()

  t.match(before, /^qxm_known_keys_used 0$/m)
  t.match(metrics, /^qxm_known_keys_used 1$/m)
  t.match(metrics, /^qxm_known_keys 1$/m)
  t.match(metrics, /^qxm_known_keys_bits_set 6$/m)
  t.match(metrics, 'qxm_known_keys_asked_total{verdict="spared"} 2')
  t.match(metrics, 'qxm_known_keys_asked_total{verdict="passed"} 1')
  t.match(metrics, 'qxm_known_keys_asked_total{verdict="aside"} 1')
})

/** What may happen, in any order. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('createHere' as const), key: aKey() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('createElsewhere' as const), key: aKey() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('page' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('follow' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('feedAway' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('storeAway' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('storeBack' as const) }) },
)

function aKey() {
  return fc.integer({ min: 0, max: 30 }).map(number => `key-${number}`)
}

t.test('no key is refused that a set would have, whatever happens in whatever order', async t => {
  let refusedCount = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async steps => {
      const { world, knownKeys } = aWorld()
      world.isPaced = true
      world.stored.add('key-0').add('key-7')
      /** Keys of other processes' changes that have not come here: their second is not over. */
      const underWay = new Set<string>()
      let isLost = false
      knownKeys.startOver()
      for (const each of steps) {
        switch (each.do) {
          case 'createHere':
            world.stored.add(each.key)
            underWay.delete(each.key)
            knownKeys.add([each.key])
            break
          case 'createElsewhere':
            if (!world.stored.has(each.key)) underWay.add(each.key)
            world.stored.add(each.key)
            break
          case 'page':
            await world.page()
            break
          case 'follow':
            if (isLost) knownKeys.startOver()
            else knownKeys.add([...underWay])
            underWay.clear()
            isLost = false
            world.isFollowing = true
            break
          case 'lose':
            isLost = true
            break
          case 'feedAway':
            world.isFollowing = false
            break
          case 'storeAway':
            world.isAway = true
            break
          case 'storeBack':
            world.isAway = false
            break
        }
        await quiet()
        for (let number = 0; number <= 30; number++) {
          const key = `key-${number}`
          if (knownKeys.mayHave(key)) continue
          refusedCount += 1
          if (!world.isFollowing) throw new Error(`${key} was refused while standing aside`)
          if (world.stored.has(key) && !underWay.has(key)) throw new Error(`${key} was refused`)
        }
      }
      knownKeys.close()
    }),
    { numRuns: Number(process.env['QXM_TEST_RUNS'] ?? 150), seed: 20_261_123 },
  )

  t.ok(refusedCount > 1_000, `${refusedCount} were refused`)
})
