/**
 * `node dist/bench/soak.js [--minutes 10] [--share 0.5] [--out FILE]`: whether a node's memory stays flat. Finds how much a demo
 * node answers at most over HTTP, then asks at half of it for ten minutes, known and unknown identifiers, over Handle UDP
 * beside, and tells each minute how long answers took and how much memory the node has. Ends with 1 when memory grew.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchRow, type Figure, isMet, makeBenchRun } from '../src/load/bench-run.ts'
import { type Load, runLoad } from '../src/load/load.ts'
import { withUnknown } from '../src/load/synthetic.ts'
import { cpuSeconds, median, residentMegabytes } from './load/measure.ts'
import { report } from './load/print.ts'
import { demoIdentifiers, makeDemoNodes, targetOf } from './load/server-node.ts'

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    share: { type: 'string', default: '0.5' },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'bench-soak-result.json') },
  },
})
const [minutes, share] = [Number(given.minutes), Number(given.share)]
const ceilingSeconds = 10
const unknownShare = 0.1
/** Questions over UDP beside those over HTTP. */
const udpShare = 0.1
/** What collections leave of a heap moves by some percent; what leaks does not stop there. */
const growthPercentMax = 5

await using nodes = await makeDemoNodes()
const node = await nodes.start()
const mixed = withUnknown(demoIdentifiers(100), unknownShare)
const http = { via: 'http', place: targetOf(node, 'http'), connections: 64, depth: 1 } as const
const udp = { via: 'udp', place: targetOf(node, 'handle'), connections: 4, depth: 8 } as const

const startedAt = new Date()
const startMegabytes = residentMegabytes(node.pid)
const ceiling = await runLoad({ ...http, identifiers: mixed, seconds: ceilingSeconds })
const perSecond = Math.max(1, Math.round(ceiling.answersPerSecond * share))
process.stdout.write(
  `${startMegabytes.toFixed(0)} MB at the start; ${Math.round(ceiling.answersPerSecond)} answers/s at most; ` +
    `now ${perSecond}/s over HTTP and ${Math.round(perSecond * udpShare)}/s over UDP\n`,
)

const rows: BenchRow[] = []
for (let minute = 1; minute <= minutes; minute++) {
  const { row, lostCount, overdueCount } = await soak(minute)
  rows.push(row)
  const ms = [row.p50Ms, row.p99Ms, row.p999Ms].map(each => each?.toFixed(2)).join(' / ')
  process.stdout.write(
    `${row.name}: ${row.residentMegabytes?.toFixed(0)} MB, ${Math.round(row.answersPerSecond)}/s, ` +
      `p50 / p99 / p99.9 ${ms} ms, ${row.errorCount} errors, ${lostCount} datagrams lost, ${overdueCount} not asked\n`,
  )
}

const figure: Figure = {
  name: 'memory of the second half beside the first, after the first minute',
  value: growthPercent(
    rows.slice(rows.length > 2 ? 1 : 0).map(row => row.residentMegabytes ?? Number.NaN),
  ),
  unit: '%',
  goal: { atMost: growthPercentMax },
}
await report(
  makeBenchRun(startedAt, {
    facts: { minutes, share, perSecond, unknownShare, udpShare, startMegabytes },
    figures: [figure],
    groups: [{ title: `soak at ${perSecond} questions a second`, rows }],
    leftOut: [],
  }),
  given.out,
)
await node.stop()
process.exitCode = isMet(figure) === true ? 0 : 1

async function soak(minute: number) {
  const before = cpuSeconds(node.pid)
  const ask = (load: Omit<Load, 'identifiers' | 'seconds'>, rate: number) =>
    runLoad({ ...load, identifiers: mixed, perSecond: rate, seconds: 60 })
  const [web, handle] = await Promise.all([
    ask(http, perSecond),
    ask(udp, Math.max(1, Math.round(perSecond * udpShare))),
  ])
  const eff = (web.answerCount + handle.answerCount) / (cpuSeconds(node.pid) - before)
  const row: BenchRow = {
    name: `minute ${minute}`,
    ratio: eff / (rows[0]?.answersPerCpuSecond ?? eff),
    answersPerCpuSecond: eff,
    answersPerSecond: web.answersPerSecond + handle.answersPerSecond,
    p50Ms: web.p50Ms,
    p99Ms: web.p99Ms,
    p999Ms: web.p999Ms,
    bytesPerAnswer: web.bytesPerAnswer,
    residentMegabytes: residentMegabytes(node.pid),
    errorCount: web.errorCount + handle.errorCount,
  }
  const overdueCount = web.overdueCount + handle.overdueCount
  return { row, lostCount: handle.lostCount, overdueCount }
}

function growthPercent(megabytes: readonly number[]): number {
  const half = Math.ceil(megabytes.length / 2)
  const [first, second] = [megabytes.slice(0, half), megabytes.slice(-half)]
  return (median(second) / median(first) - 1) * 100
}
