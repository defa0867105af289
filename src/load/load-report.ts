import { say, type Text } from '../model/text.ts'
import { html, type Markup } from '../protocols/http/pages/html.ts'
import { benchPage, machineLine, pageTable, strokes } from './report-page.ts'
import type { LoadResult } from './result.ts'

const chart = { width: 860, height: 360, left: 64, right: 20, top: 16, bottom: 44 } as const
/** As far as logarithms of latencies go: a microsecond to a minute. */
const msMin = 0.001

/** What was loaded, how fast answers came, and the curve of latencies. */
export function benchReportHtml(results: readonly LoadResult[], language: keyof Text): string {
  const shown = results.slice(0, strokes.length)
  const [first] = shown
  const body = html`<p>${first === undefined ? '' : machineLine(first.machine, first.at)}</p>
${figures(shown, language)}
<h2>${say('时延曲线', 'Latencies by percentile')[language]}</h2>
${curves(shown, language)}
<p class="faint">${
    say(
      '开环（固定速率）时，时延自请求到期算起，等待计入；闭环时自发出算起。图中未显示网络时延。',
      'At a fixed rate a latency counts from when the question was due, waiting included; in a closed loop from when it was sent. No network lies between.',
    )[language]
  }</p>`
  return benchPage(say('压测报告', 'Load report')[language], body, language)
}

const columns = [
  [say('名称', 'name'), (r: LoadResult) => r.name],
  [say('每秒应答', 'answers/s'), (r: LoadResult) => Math.round(r.loaded.answersPerSecond)],
  [say('p50 毫秒', 'p50 ms'), (r: LoadResult) => r.loaded.p50Ms.toFixed(2)],
  [say('p99 毫秒', 'p99 ms'), (r: LoadResult) => r.loaded.p99Ms.toFixed(2)],
  [say('p99.9 毫秒', 'p99.9 ms'), (r: LoadResult) => r.loaded.p999Ms.toFixed(2)],
  [say('最大毫秒', 'longest ms'), (r: LoadResult) => r.loaded.maxMs.toFixed(2)],
  [say('错误', 'errors'), (r: LoadResult) => r.loaded.errorCount],
  [
    say('丢失或未发', 'lost or not asked'),
    (r: LoadResult) => r.loaded.lostCount + r.loaded.overdueCount,
  ],
  [
    say('CPU 微秒/应答', 'CPU µs each'),
    (r: LoadResult) => r.server?.cpuMicrosecondsPerAnswer.toFixed(1) ?? '–',
  ],
  [
    say('内存 MB', 'memory MB'),
    (r: LoadResult) =>
      r.server === undefined ? '–' : Math.round(r.server.residentBytes / 2 ** 20),
  ],
] as const

function figures(results: readonly LoadResult[], language: keyof Text): Markup {
  return pageTable(
    columns.map(([name]) => name[language]),
    results.map(result => columns.map(([, of]) => of(result))),
  )
}

/** Percentiles by their distance from 100 %, latencies by their logarithm: the tail is what is to be seen. */
function curves(results: readonly LoadResult[], language: keyof Text): Markup {
  const all = results.flatMap(({ loaded }) => loaded.latencyMs.map(([, ms]) => Math.max(ms, msMin)))
  const low = 10 ** Math.floor(Math.log10(Math.min(...all, 1)))
  const high = 10 ** Math.ceil(Math.log10(Math.max(...all, 1)))
  const x = (percentile: number) => {
    const nines = -Math.log10(Math.max(1 - percentile / 100, 1e-5))
    return chart.left + (nines / 5) * (chart.width - chart.left - chart.right)
  }
  const y = (ms: number) => {
    const share = Math.log10(Math.max(ms, msMin) / low) / Math.log10(high / low)
    return chart.height - chart.bottom - share * (chart.height - chart.top - chart.bottom)
  }
  const decades: number[] = []
  for (let ms = low; ms <= high * 1.001; ms *= 10) decades.push(ms)
  const label = say('各百分位的时延', 'latency by percentile')[language]
  return html`<svg viewBox="0 0 ${chart.width} ${chart.height}" role="img" aria-label="${label}">
${decades.map(ms => html`<line class="grid" x1="${chart.left}" x2="${chart.width - chart.right}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}"/><text x="${chart.left - 8}" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end">${msText(ms)}</text>`)}
${[0, 50, 90, 99, 99.9, 99.99].map(p => html`<line class="grid" x1="${x(p).toFixed(1)}" x2="${x(p).toFixed(1)}" y1="${chart.top}" y2="${chart.height - chart.bottom}"/><text x="${x(p).toFixed(1)}" y="${chart.height - chart.bottom + 18}" text-anchor="middle">${p} %</text>`)}
${results.map(({ loaded }, at) => {
  const { colour, dash } = strokes[at] as (typeof strokes)[number]
  const points = loaded.latencyMs
    .map(([p, ms]) => `${x(p).toFixed(1)},${y(ms).toFixed(1)}`)
    .join(' ')
  return html`<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`
})}
</svg><ul class="legend">${results.map(({ name }, at) => {
    const { colour, dash } = strokes[at] as (typeof strokes)[number]
    return html`<li><svg viewBox="0 0 40 8" class="key" aria-hidden="true"><line x1="0" x2="40" y1="4" y2="4" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/></svg> ${name}</li>`
  })}</ul>`
}

function msText(ms: number): string {
  return ms >= 1000
    ? `${ms / 1000} s`
    : ms >= 1
      ? `${ms} ms`
      : `${Number((ms * 1000).toPrecision(3))} µs`
}
