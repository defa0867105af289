import t from 'tap'
import { makeGiveWay } from '../../../src/registry/jobs/give-way.ts'

/** Work beside others who take so long in each turn. */
function aProcess(othersMs: number) {
  let now = 0
  let turns = 0
  const giveWay = makeGiveWay({
    monotonicMs: () => now,
    async nextTurn() {
      now += othersMs
      turns += 1
    },
  })
  return {
    /** @returns how many turns others had behind it */
    async work(ms: number): Promise<number> {
      now += ms
      const before = turns
      await giveWay()
      return turns - before
    },
  }
}

t.test('while nobody else wants the process, each piece of work costs one turn', async t => {
  const { work } = aProcess(0.02)

  t.equal(await work(1), 1)
  t.equal(await work(1), 1)
})

t.test('others have three times as long as the work took, as long as they want it', async t => {
  const { work } = aProcess(0.5)

  t.equal(await work(1), 6)
  t.equal(await work(0.5), 3)
  t.equal(await work(60_000), 30, 'what was spent waiting is not made up for')
})
