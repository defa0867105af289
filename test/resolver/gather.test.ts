import t from 'tap'
import { gather } from '../../src/resolver/gather.ts'
import { aGate } from './a-resolver.ts'

const tick = () => new Promise(setImmediate)
const bounds = { keysMax: 100, batchesMax: 2, waitingMax: 1000 }

t.test('the keys of one tick travel in one question, each gets its own answer', async t => {
  const batches: (readonly string[])[] = []
  const find = gather(async keys => {
    batches.push(keys)
    return keys.map(key => key.toUpperCase())
  }, bounds)

  const answers = await Promise.all(['a', 'b', 'c'].map(find))

  t.strictSame(answers, ['A', 'B', 'C'])
  t.strictSame(batches, [['a', 'b', 'c']])
})

t.test('a question holds so many keys, and so many questions are under way at once', async t => {
  const batches: (readonly string[])[] = []
  const gates = [aGate(), aGate(), aGate()]
  const find = gather(
    async keys => {
      batches.push(keys)
      await gates[batches.length - 1]?.gate
      return keys
    },
    { ...bounds, keysMax: 2 },
  )

  const asking = Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(find))
  await tick()
  await tick()
  await tick()
  const atFirst = batches.length
  gates[0]?.open()
  await tick()
  await tick()
  const afterOne = batches.length
  for (const { open } of gates) open()

  t.strictSame(await asking, ['a', 'b', 'c', 'd', 'e', 'f'])
  t.equal(atFirst, 2)
  t.equal(afterOne, 3)
  t.strictSame(batches, [
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
  ])
})

t.test('one key more than may wait is refused at once', async t => {
  const { gate, open } = aGate()
  const find = gather(
    async keys => {
      await gate
      return keys
    },
    { keysMax: 1, batchesMax: 1, waitingMax: 2 },
  )
  const first = find('a')
  await tick()

  const waiting = [find('b'), find('c')]
  const refused = find('d')

  await t.rejects(refused, { code: 'STORE_AWAY', retryAfterSeconds: 1 })
  open()
  t.strictSame(await Promise.all([first, ...waiting]), ['a', 'b', 'c'])
})

t.test('a failed question fails its own keys, and the next ones are asked', async t => {
  let round = 0
  const find = gather(
    async keys => {
      round += 1
      if (round === 1) throw new Error('broken')
      return keys
    },
    { ...bounds, keysMax: 2, batchesMax: 1 },
  )

  const results = await Promise.allSettled(['a', 'b', 'c'].map(find))

  t.strictSame(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  )
})
