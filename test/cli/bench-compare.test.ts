import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { benchCompare } from '../../src/cli/bench-compare.ts'
import { type BenchRun, makeBenchRun } from '../../src/load/bench-run.ts'
import { compareRuns } from '../../src/load/compare-results.ts'
import { benchRunReportHtml } from '../../src/load/run-report.ts'
import { runIn } from './a-terminal.ts'

function aRun(ratio: number, more: Partial<BenchRun> = {}): BenchRun {
  const rows = [
    { name: 'bare', ratio: 1, answersPerCpuSecond: 50_000, answersPerSecond: 40_000 },
    { name: '<script>', ratio, answersPerCpuSecond: 75_000, answersPerSecond: 50_000, p50Ms: 0.2 },
  ]
  const run = makeBenchRun(new Date('2026-11-23T06:00:00Z'), {
    facts: {},
    figures: [{ name: 'JSON', value: ratio, unit: '×', goal: { atLeast: 1.4 } }],
    groups: [{ title: 'HTTP', rows }],
    leftOut: ['nginx: apt-get install -y nginx'],
  })
  return { ...run, ...more }
}

t.test('the report shows goals met and missed, a bar for each row, and names as text', async t => {
  const page = benchRunReportHtml([aRun(1.5), aRun(1.2)], 'en')

  t.match(page, /class="met">1\.50 × ✓/)
  t.match(page, /class="missed">1\.20 × ✗/)
  t.match(page, /≥ 1\.4 ×/)
  t.match(page, /apt-get install -y nginx/)
  t.equal(page.match(/<rect x=/g)?.length, 4)
  t.notMatch(page, /<script>/)
  for (const [, width] of page.matchAll(/<rect x="[^"]+" y="[^"]+" width="([^"]+)"/g)) {
    t.ok(Number(width) > 0 && Number(width) < 860)
  }
})

t.test('of two runs what both have is compared', async t => {
  const more = { figures: [{ name: 'other', value: 1, unit: '×' as const }] }

  const rows = compareRuns(aRun(1.5), aRun(1.2))

  t.same(
    rows.map(({ what, ratio }) => [what.en, ratio?.toFixed(2)]),
    [
      ['JSON, ×', '0.80'],
      ['HTTP: bare, ×', '1.00'],
      ['HTTP: <script>, ×', '0.80'],
    ],
  )
  t.equal(compareRuns(aRun(1.5), aRun(1.2, more)).length, 2)
})

t.test('the command reads both kinds of results, and compares like with like only', async t => {
  const folder = t.testdir()
  const at = (name: string) => join(folder, name)
  const tally = { latencyMs: [[50, 1]], answersPerSecond: 10 }
  const load = { format: 'qxm-bench/1', name: 'load', loaded: tally }
  await writeFile(at('before.json'), JSON.stringify(aRun(1.5)))
  await writeFile(at('after.json'), JSON.stringify(aRun(1.2)))
  await writeFile(at('load.json'), JSON.stringify(load))

  const runs = await runIn(
    [benchCompare],
    ['bench', 'compare', at('before.json'), at('after.json'), '--report', at('report.html')],
  )
  const mixed = await runIn(
    [benchCompare],
    ['bench', 'compare', at('before.json'), at('load.json')],
  )

  t.equal(runs.code, 0)
  t.match(runs.stdout, /JSON, × +1\.50 +1\.20 +0\.80 ×/)
  t.match(await readFile(at('report.html'), 'utf8'), /<svg/)
  t.not(mixed.code, 0)
  t.match(mixed.stderr, /two kinds/)
})
