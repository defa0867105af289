import t from 'tap'
import { makeGiveWay } from '../../../src/registry/staging/give-way.ts'

/** Bulk work in a process that others ask: so many answers a millisecond, as long as the work lets them. */
function aProcess(answersPerMs: number, busy: 'process' | 'store' = 'process') {
  const process = { now: 0, answers: 0, restedMs: 0, answersPerMs }
  const giveWay = makeGiveWay(
    {
      monotonicMs: () => process.now,
      async nextTurn() {
        // Whoever asked meanwhile is answered.
        process.answers += Math.min(16, process.answersPerMs)
      },
      async sleep(ms) {
        process.now += ms
        process.restedMs += ms
        process.answers += process.answersPerMs * ms
      },
      answerCount: () => process.answers,
    },
    busy,
  )
  return Object.assign(process, {
    /** @returns how long it rested behind it */
    async work(ms: number): Promise<number> {
      process.now += ms
      const before = process.restedMs
      await giveWay()
      return process.restedMs - before
    },
  })
}

t.test('who is told to stop does not rest to the end', async t => {
  const stop = new AbortController()
  let now = 0
  let slept = 0
  let answers = 0
  const giveWay = makeGiveWay(
    {
      monotonicMs: () => now,
      async nextTurn() {
        answers += 100
      },
      async sleep(_ms, signal) {
        slept += 1
        now += 1
        answers += 100
        stop.abort()
        signal?.throwIfAborted()
      },
      answerCount: () => answers,
    },
    'store',
  )

  now += 10
  await giveWay(stop.signal)

  t.equal(slept, 1)
})

t.test('while nobody asks, bulk work never rests', async t => {
  const { work } = aProcess(0)

  t.equal(await work(1), 0)
  t.equal(await work(1), 0)
})

t.test('others have seven times as long as the process worked, as long as they ask', async t => {
  const { work } = aProcess(70)

  t.equal(await work(1), 7)
  t.equal(await work(2), 14)
  t.equal(await work(0.1), 1, 'no timer is shorter')
})

t.test(
  'however much others ask, an eighth of the time is left to bulk work, a quarter in the store',
  async t => {
    const [process, store] = [aProcess(1_000_000), aProcess(1_000_000, 'store')]

    for (let pieces = 0; pieces < 100; pieces++) {
      await process.work(1)
      await store.work(1)
    }

    t.equal(process.now, 800)
    t.equal(store.now, 400)
  },
)

t.test('it goes on as soon as nobody asks any more', async t => {
  const process = aProcess(70, 'store')

  t.equal(await process.work(100), 300)
  process.answersPerMs = 1
  t.equal(await process.work(100), 100)
})

t.test('for those who ask little it rests for a twentieth of the time', async t => {
  const process = aProcess(1)

  for (let pieces = 0; pieces < 1_000; pieces++) await process.work(1)

  t.ok(process.restedMs < 50, `${process.restedMs} ms`)
})

t.test('what was spent waiting is not made up for', async t => {
  t.equal(await aProcess(70).work(60_000), 35)
  t.equal(await aProcess(70, 'store').work(60_000), 6_000)
})
