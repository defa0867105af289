import { readFile, writeFile } from 'node:fs/promises'
import { type BenchRun, readBenchRun } from '../load/bench-run.ts'
import { compareResults, compareRuns } from '../load/compare-results.ts'
import { benchReportHtml } from '../load/load-report.ts'
import { type LoadResult, readResult } from '../load/result.ts'
import { benchRunReportHtml } from '../load/run-report.ts'
import { say } from '../model/text.ts'
import { type Command, UsageError } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import type { Language } from './language.ts'
import { json, table } from './print.ts'

/** Two kept results of `qxm bench`, or two of `npm run bench`: how the second compares to the first. */
export const benchCompare: Command = {
  name: 'bench compare',
  summary: say('比较两次压测结果', 'compare two kept results of bench'),
  arguments: [{ name: 'before.json' }, { name: 'after.json' }],
  options: {
    report: {
      kind: 'text',
      value: 'FILE',
      help: say('写出带图的 HTML 报告', 'writes an HTML report with a chart'),
    },
  },
  async run({ arguments: files, given, isJson, language, write }) {
    const [before, after] = await Promise.all(files.map(keptIn))
    if (before === undefined || after === undefined) throw twoNeeded()
    const { names, rows, html } = comparison(before, after)
    const report = given.text('report')
    if (report !== undefined) await writeFile(report, html(language))
    await write(
      isJson
        ? json({ before: names[0], after: names[1], rows })
        : table(
            rows.map(({ what, before, after, ratio }) => [
              what[language],
              before.toFixed(2),
              after.toFixed(2),
              ratio === null ? '–' : `${ratio.toFixed(2)} ×`,
            ]),
            ['', ...names, ''],
          ),
    )
    return exitCodes.ok
  },
}

type Kept =
  | { readonly kind: 'load'; readonly result: LoadResult }
  | { readonly kind: 'run'; readonly result: BenchRun }

/** Of two results of the same kind. */
function comparison(before: Kept, after: Kept) {
  if (before.kind === 'load' && after.kind === 'load') {
    const results = [before.result, after.result] as const
    return {
      names: results.map(({ name }) => name),
      rows: compareResults(...results),
      html: (language: Language) => benchReportHtml(results, language),
    }
  }
  if (before.kind === 'run' && after.kind === 'run') {
    const runs = [before.result, after.result] as const
    return {
      names: runs.map(({ at }) => at),
      rows: compareRuns(...runs),
      html: (language: Language) => benchRunReportHtml(runs, language),
    }
  }
  throw new UsageError(
    say(
      '两个结果种类不同：qxm bench --out 与 npm run bench 的结果不能相比',
      'the results are of two kinds: one of qxm bench and one of npm run bench do not compare',
    ),
  )
}

async function keptIn(file: string): Promise<Kept> {
  const text = await readFile(file, 'utf8')
  const result = readResult(text)
  if (result !== undefined) return { kind: 'load', result }
  const run = readBenchRun(text)
  if (run !== undefined) return { kind: 'run', result: run }
  throw new UsageError(
    say(
      `${file} 不是 qxm bench --out 或 npm run bench 的结果`,
      `${file} was written neither by qxm bench --out nor by npm run bench`,
    ),
  )
}

function twoNeeded(): UsageError {
  return new UsageError(say('需要两个结果文件', 'two files with results are needed'))
}
