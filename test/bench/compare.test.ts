import t from 'tap'
import { compare } from '../../bench/load/compare.ts'
import type { Measured } from '../../bench/load/measure.ts'

/** One contestant whose runs are given; the first is the one that warms up. */
function aContestant(name: string, effs: readonly number[], order: string[] = []) {
  let run = 0
  return {
    name,
    async measure(): Promise<Measured> {
      order.push(name)
      const answersPerCpuSecond = effs[run++] ?? Number.NaN
      return {
        answersPerCpuSecond,
        answersPerSecond: answersPerCpuSecond / 2,
        p50Ms: Number.NaN,
        p99Ms: Number.NaN,
        p999Ms: Number.NaN,
        errorCount: 0,
        bytesPerAnswer: 100,
        residentMegabytes: 50,
      }
    },
  }
}

t.test('rounds are interleaved behind one that only warms up', async t => {
  const order: string[] = []
  const all = [aContestant('a', [9, 9, 9], order), aContestant('b', [9, 9, 9], order)]

  await compare('x', all, { rounds: 2, seconds: 1 })

  t.same(order, ['a', 'b', 'a', 'b', 'a', 'b'])
})

t.test('a ratio is the median of what it was in each round, not of what each was', async t => {
  const bare = aContestant('bare', [1, 100, 10, 40])
  const ours = aContestant('ours', [1, 150, 30, 40])

  const { ratio, median, group } = await compare('x', [bare, ours], { rounds: 3, seconds: 1 })

  t.equal(ratio('ours', 'bare'), 1.5)
  t.equal(median('ours', 'answersPerCpuSecond'), 40)
  t.equal(group.rows[1]?.ratio, 1.5)
  t.equal(group.rows[1]?.p99Ms, undefined, 'what nobody measured is not told')
})
