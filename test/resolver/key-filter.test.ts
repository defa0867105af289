import fc from 'fast-check'
import t from 'tap'
import { KeyFilter } from '../../src/resolver/key-filter.ts'

/** Numbers that are the same in every run. */
function aSecret(seed = 1): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
}

t.test('every key that was added is found, whatever is in it', async t => {
  const key = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('', 'a', 'gs1:01/06901234000016', '88.118.8/阀门', '\ud800', 'x'.repeat(9000)),
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(key, { maxLength: 300 }),
        fc.integer({ min: 1, max: 500 }),
        (keys, room) => {
          const filter = new KeyFilter(room, aSecret(room))

          for (const each of keys) filter.add(each)

          return keys.every(each => filter.has(each))
        },
      ),
    ),
  )
})

t.test('of what was not added fewer than one in a hundred pass', async t => {
  for (const name of ['abc-', '阀门-']) {
    const filter = new KeyFilter(100_000, aSecret())
    for (let i = 0; i < 100_000; i++) filter.add(`88.118.8/${name}${i}`)

    let passed = 0
    for (let i = 100_000; i < 200_000; i++) if (filter.has(`88.118.8/${name}${i}`)) passed += 1

    t.ok(passed < 1_000, `${passed} of 100 000 pass`)
    t.ok(passed > 0, 'it is a filter and not a set')
  }
})

t.test('keys are counted once, and so are bits', async t => {
  const filter = new KeyFilter(1_000, aSecret())

  for (const key of ['a', 'b', 'a', 'b', 'a']) filter.add(key)

  t.equal(filter.count, 2)
  t.ok(filter.bitsSet > 6 && filter.bitsSet <= 12)
  t.equal(filter.byteCount, 1_536, 'twelve bits a key, in whole lines of 64 bytes')
})

t.test('another secret makes other keys pass', async t => {
  const filters = [1, 2].map(seed => new KeyFilter(100, aSecret(seed)))
  for (const filter of filters) for (let i = 0; i < 300; i++) filter.add(`k${i}`)
  const passing = filters.map(filter =>
    Array.from({ length: 2_000 }, (_, i) => `n${i}`).filter(key => filter.has(key)),
  )

  t.notSame(passing[0], passing[1])
})
