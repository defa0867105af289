import t from 'tap'
import {
  type BenchRun,
  type Figure,
  goalText,
  isMet,
  makeBenchRun,
  readBenchRun,
  valueText,
} from '../../src/load/bench-run.ts'

const measured: Omit<BenchRun, 'format' | 'at' | 'machine'> = {
  facts: { rounds: 3 },
  figures: [{ name: 'JSON', value: 1.5, unit: '×', goal: { atLeast: 1.4 } }],
  groups: [
    {
      title: 'HTTP',
      rows: [{ name: 'bare', ratio: 1, answersPerCpuSecond: 9, answersPerSecond: 8 }],
    },
  ],
  leftOut: [],
}

t.test('a run is read again as it was kept, and nothing else is', async t => {
  const run = makeBenchRun(new Date('2026-11-23T06:00:00Z'), measured)

  t.strictSame(readBenchRun(JSON.stringify(run)), run)
  t.equal(readBenchRun('{"format":"qxm-bench/1"}'), undefined)
  t.equal(readBenchRun('{"format":"qxm-bench-run/1"}'), undefined)
  t.equal(readBenchRun('{'), undefined)
})

t.test('a goal is reached from its own side, itself included', async t => {
  const figure = (value: number, goal?: Figure['goal']): Figure => ({
    name: 'x',
    value,
    unit: '×',
    ...(goal && { goal }),
  })

  t.equal(isMet(figure(1.4, { atLeast: 1.4 })), true)
  t.equal(isMet(figure(1.39, { atLeast: 1.4 })), false)
  t.equal(isMet(figure(0.6, { atMost: 0.6 })), true)
  t.equal(isMet(figure(0.61, { atMost: 0.6 })), false)
  t.equal(isMet(figure(Number.NaN, { atLeast: 1 })), false)
  t.equal(isMet(figure(1)), undefined)
  t.equal(goalText(figure(1, { atMost: 0.6 })), '≤ 0.6 ×')
  t.equal(valueText(figure(0.6123)), '0.61 ×')
  t.equal(valueText(figure(305.2)), '305 ×')
})
