import { say, type Text } from '../model/text.ts'
import { html, type Markup } from '../protocols/http/pages/html.ts'
import {
  type BenchGroup,
  type BenchRun,
  type Figure,
  goalText,
  isMet,
  valueText,
} from './bench-run.ts'
import { benchPage, machineLine, pageTable, strokes } from './report-page.ts'

const bar = { height: 14, gap: 2, below: 10 } as const
const chart = { width: 860, left: 330, right: 70, top: 6, bottom: 24 } as const
/** Lines of the grid, about. */
const gridCount = 5

/** Runs of `npm run bench` beside each other: the figures with their goals, then what was asked in the same rounds. */
export function benchRunReportHtml(runs: readonly BenchRun[], language: keyof Text): string {
  const shown = runs.slice(0, strokes.length)
  const titles = [...new Set(shown.flatMap(({ groups }) => groups.map(({ title }) => title)))]
  const leftOut = [...new Set(shown.flatMap(run => run.leftOut))]
  const body = html`${shown.map(({ machine, at }) => html`<p>${machineLine(machine, at)}</p>`)}
<p class="faint">${
    say(
      '数值为中位数。× 是每秒 CPU 时间的应答数与同一轮次中对照者之比：它可在机器之间比较，速率则不能。',
      'Medians. × is answers per CPU second beside the reference of the same round: it can be compared between machines, rates cannot.',
    )[language]
  }</p>
${figureTable(shown, language)}
${leftOut.length === 0 ? '' : html`<p>${say('本机未测：', 'Left out here: ')[language]}${leftOut.join('; ')}</p>`}
${shown.length === 1 ? '' : legend(shown)}
${titles.map(title => groupSection(title, shown, language))}`
  return benchPage(say('性能报告', 'What it costs')[language], body, language)
}

function figureTable(runs: readonly BenchRun[], language: keyof Text): Markup {
  const names = [...new Set(runs.flatMap(({ figures }) => figures.map(({ name }) => name)))]
  const head = [
    say('指标', 'figure')[language],
    ...runs.map(({ at }) => (runs.length === 1 ? say('实测', 'measured')[language] : minute(at))),
    say('目标', 'goal')[language],
  ]
  return html`<div class="wide"><table><thead><tr>${head.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${names.map(name => {
    const figures = runs.map(run => run.figures.find(figure => figure.name === name))
    const known = figures.find(figure => figure !== undefined)
    return html`<tr><td>${name}</td>${figures.map(valueCell)}<td>${known === undefined ? '' : goalText(known)}</td></tr>`
  })}</tbody></table></div>`
}

function valueCell(figure: Figure | undefined): Markup {
  if (figure === undefined) return html`<td>–</td>`
  const met = isMet(figure)
  if (met === undefined) return html`<td>${valueText(figure)}</td>`
  return html`<td class="${met ? 'met' : 'missed'}">${valueText(figure)} ${met ? '✓' : '✗'}</td>`
}

function groupSection(title: string, runs: readonly BenchRun[], language: keyof Text): Markup {
  const groups = runs.map(({ groups }) => groups.find(group => group.title === title))
  const last = groups.findLast(group => group !== undefined)
  if (last === undefined) return html``
  const told = columns.filter(([, of]) => last.rows.some(row => of(row) !== unknown))
  return html`<h2>${title}</h2>
${bars(last, groups)}
${pageTable(
  told.map(([name]) => name[language]),
  last.rows.map(row => told.map(([, of]) => of(row))),
)}`
}

/** How each compares to the first, one bar for each run. */
function bars(named: BenchGroup, groups: readonly (BenchGroup | undefined)[]): Markup {
  const ratios = named.rows.map(({ name }) =>
    groups.map(group => group?.rows.find(row => row.name === name)?.ratio),
  )
  const most = Math.max(1, ...ratios.flat().filter(ratio => ratio !== undefined))
  const step = stepFor(most)
  const top = Math.ceil(most / step) * step
  const rowHeight = groups.length * (bar.height + bar.gap) + bar.below
  const height = chart.top + named.rows.length * rowHeight + chart.bottom
  const x = (ratio: number) => chart.left + (ratio / top) * (chart.width - chart.left - chart.right)
  const grid = Array.from({ length: Math.round(top / step) + 1 }, (_, at) => at * step)
  return html`<svg viewBox="0 0 ${chart.width} ${height}" role="img" aria-label="${named.title}">
${grid.map(ratio => html`<line class="grid" x1="${x(ratio).toFixed(1)}" x2="${x(ratio).toFixed(1)}" y1="${chart.top}" y2="${height - chart.bottom}"/><text x="${x(ratio).toFixed(1)}" y="${height - 8}" text-anchor="middle">${Number(ratio.toFixed(2))} ×</text>`)}
${named.rows.map(({ name }, row) => {
  const rowTop = chart.top + row * rowHeight
  const middle = rowTop + (rowHeight - bar.below) / 2 + 4
  return html`<text class="name" x="${chart.left - 8}" y="${middle}" text-anchor="end">${name}</text>
${ratios[row]?.map((ratio, run) => {
  if (ratio === undefined) return html``
  const y = rowTop + run * (bar.height + bar.gap)
  return html`<rect x="${chart.left}" y="${y}" width="${(x(ratio) - chart.left).toFixed(1)}" height="${bar.height}" fill="${strokes[run]?.colour}"/><text x="${(x(ratio) + 6).toFixed(1)}" y="${y + bar.height - 3}">${ratio.toFixed(2)}</text>`
})}`
})}
</svg>`
}

/** 1, 2 or 5 times a power of ten, for a handful of lines. */
function stepFor(most: number): number {
  const rough = most / gridCount
  const power = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 5, 10].find(times => times * power >= rough) ?? 10) * power
}

function legend(runs: readonly BenchRun[]): Markup {
  return html`<ul class="legend">${runs.map(
    ({ at }, run) =>
      html`<li><svg viewBox="0 0 40 8" class="key" aria-hidden="true"><rect width="40" height="8" fill="${strokes[run]?.colour}"/></svg> ${minute(at)}</li>`,
  )}</ul>`
}

/** Of an instant, as much as tells runs apart. */
function minute(at: string): string {
  return at.slice(0, 16).replace('T', ' ')
}

type Row = BenchGroup['rows'][number]

/** A column of nothing else is left out. */
const unknown = '–'

const columns = [
  [say('名称', 'name'), (row: Row) => row.name],
  [say('倍数', 'ratio'), (row: Row) => row.ratio.toFixed(2)],
  [say('CPU 微秒/应答', 'CPU µs each'), (row: Row) => (1e6 / row.answersPerCpuSecond).toFixed(1)],
  [say('每秒应答', 'answers/s'), (row: Row) => Math.round(row.answersPerSecond)],
  [say('p50 毫秒', 'p50 ms'), (row: Row) => row.p50Ms?.toFixed(2) ?? unknown],
  [say('p99 毫秒', 'p99 ms'), (row: Row) => row.p99Ms?.toFixed(2) ?? unknown],
  [say('p99.9 毫秒', 'p99.9 ms'), (row: Row) => row.p999Ms?.toFixed(2) ?? unknown],
  [say('字节/应答', 'bytes'), (row: Row) => row.bytesPerAnswer?.toFixed(0) ?? unknown],
  [say('内存 MB', 'memory MB'), (row: Row) => row.residentMegabytes?.toFixed(0) ?? unknown],
  [say('错误', 'errors'), (row: Row) => row.errorCount ?? unknown],
] as const
