import { writeFile } from 'node:fs/promises'
import {
  type BenchGroup,
  type BenchRow,
  type BenchRun,
  type Figure,
  goalText,
  isMet,
  valueText,
} from '../../src/load/bench-run.ts'
import { benchRunReportHtml } from '../../src/load/run-report.ts'

/** Prints a run as tables, and keeps it where `file` says, with a page of charts beside it. */
export async function report(run: BenchRun, file: string): Promise<void> {
  const tables = [...run.groups.map(groupTable), figureTable(run.figures)]
  process.stdout.write(`${tables.filter(text => text !== '').join('\n')}`)
  for (const reason of run.leftOut) process.stdout.write(`left out: ${reason}\n`)
  await writeFile(file, `${JSON.stringify(run, null, 2)}\n`)
  const page = file.replace(/(\.json)?$/, '.html')
  await writeFile(page, benchRunReportHtml([run], 'en'))
  process.stdout.write(`\nkept in ${file} and ${page}\n`)
}

function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(figure => [
    figure.name,
    valueText(figure),
    goalText(figure),
    { true: '✓', false: '✗', undefined: '' }[`${isMet(figure)}`],
  ])
  return table(['figure', 'measured', 'goal', ''], rows)
}

const columns: readonly (readonly [string, (row: BenchRow) => string])[] = [
  ['ratio', row => row.ratio.toFixed(2)],
  ['answers per CPU s', row => String(Math.round(row.answersPerCpuSecond))],
  ['CPU µs each', row => (1e6 / row.answersPerCpuSecond).toFixed(1)],
  ['answers/s', row => String(Math.round(row.answersPerSecond))],
  ['p50 ms', row => row.p50Ms?.toFixed(2) ?? ''],
  ['p99 ms', row => row.p99Ms?.toFixed(2) ?? ''],
  ['p99.9 ms', row => row.p999Ms?.toFixed(2) ?? ''],
  ['bytes', row => row.bytesPerAnswer?.toFixed(0) ?? ''],
  ['MB', row => row.residentMegabytes?.toFixed(0) ?? ''],
  ['errors', row => row.errorCount?.toFixed(0) ?? ''],
]

/** Columns that no row has anything in are left out. */
function groupTable({ title, rows }: BenchGroup): string {
  const told = columns.filter(([, of]) => rows.some(row => of(row) !== ''))
  return table(
    [title, ...told.map(([name]) => name)],
    rows.map(row => [row.name, ...told.map(([, of]) => of(row))]),
  )
}

function table(head: readonly string[], rows: readonly (readonly (string | undefined)[])[]) {
  if (rows.length === 0) return ''
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map(cells => `| ${cells.join(' | ')} |\n`).join('')
}
