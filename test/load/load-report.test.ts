import t from 'tap'
import { compareResults } from '../../src/load/compare-results.ts'
import { benchReportHtml } from '../../src/load/load-report.ts'
import { type LoadResult, makeResult, readResult } from '../../src/load/result.ts'
import { makeTally } from '../../src/load/tally.ts'

function aResult(name: string, latencyMs: number): LoadResult {
  const tally = makeTally()
  for (let at = 0; at < 1_000; at++) tally.answered('found', 500, latencyMs + at / 1_000)
  const load = {
    via: 'http',
    form: 'json',
    place: { host: '127.0.0.1', port: 8000 },
    identifiers: ['88.118.8/ABC-1'],
    connections: 16,
    depth: 1,
    seconds: 1,
  } as const
  const use = { cpuSeconds: 0.05, residentBytes: 2 ** 27 }
  return makeResult(name, new Date('2026-11-23T06:00:00Z'), load, tally.result(1, 0), use)
}

t.test('a result is read again as it was kept', async t => {
  const result = aResult('one', 1)

  t.strictSame(readResult(JSON.stringify(result)), result)
  t.equal(readResult('{"format":"other"}'), undefined)
  t.equal(readResult('{'), undefined)
})

t.test('of two results the second is told as a share of the first', async t => {
  const rows = compareResults(aResult('one', 1), aResult('two', 3))

  const p50 = rows.find(({ what }) => what.en === 'p50 ms')
  t.ok(p50?.ratio !== null && p50?.ratio !== undefined && p50.ratio > 2 && p50.ratio < 3)
  t.equal(rows.find(({ what }) => what.en === 'errors')?.ratio, null)
})

t.test(
  'the report shows every result as a line of its own, and what strangers named is text',
  async t => {
    const page = benchReportHtml([aResult('<script>', 1), aResult('two', 3)], 'en')

    t.equal(page.match(/<polyline /g)?.length, 2)
    t.notMatch(page, /<script>/)
    t.match(page, /50\.0/)
    for (const points of page.matchAll(/points="([^"]+)"/g)) {
      t.ok(points[1]?.split(/[ ,]/).every(each => Number.isFinite(Number(each))))
    }
  },
)
