import { readFile, writeFile } from 'node:fs/promises'
import { type LoadResult, readResult } from '../load/result.ts'
import { say, type Text } from '../model/text.ts'
import { benchReportHtml } from './bench-report.ts'
import { type Command, UsageError } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'

/** Two kept results beside each other: how the second compares to the first. */
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
    const [before, after] = await Promise.all(files.map(resultIn))
    if (before === undefined || after === undefined) throw twoNeeded()
    const report = given.text('report')
    if (report !== undefined) await writeFile(report, benchReportHtml([before, after], language))
    const rows = compareResults(before, after)
    await write(
      isJson
        ? json({ before: before.name, after: after.name, rows })
        : table(
            rows.map(({ what, before, after, ratio }) => [
              what[language],
              before.toFixed(2),
              after.toFixed(2),
              ratio === null ? '–' : `${ratio.toFixed(2)} ×`,
            ]),
            ['', before.name, after.name, ''],
          ),
    )
    return exitCodes.ok
  },
}

interface Compared {
  readonly what: Text
  readonly before: number
  readonly after: number
  /** The second of the first; null where the first is nothing. */
  readonly ratio: number | null
}

export function compareResults(before: LoadResult, after: LoadResult): readonly Compared[] {
  const measures: readonly (readonly [Text, (result: LoadResult) => number | undefined])[] = [
    [say('每秒应答', 'answers a second'), ({ loaded }) => loaded.answersPerSecond],
    [say('p50 毫秒', 'p50 ms'), ({ loaded }) => loaded.p50Ms],
    [say('p99 毫秒', 'p99 ms'), ({ loaded }) => loaded.p99Ms],
    [say('p99.9 毫秒', 'p99.9 ms'), ({ loaded }) => loaded.p999Ms],
    [say('错误', 'errors'), ({ loaded }) => loaded.errorCount],
    [
      say('服务端每应答 CPU 微秒', 'server CPU µs an answer'),
      ({ server }) => server?.cpuMicrosecondsPerAnswer,
    ],
  ]
  return measures.flatMap(([what, of]) => {
    const [former, latter] = [of(before), of(after)]
    if (former === undefined || latter === undefined) return []
    return { what, before: former, after: latter, ratio: former === 0 ? null : latter / former }
  })
}

async function resultIn(file: string): Promise<LoadResult> {
  const result = readResult(await readFile(file, 'utf8'))
  if (result !== undefined) return result
  throw new UsageError(
    say(`${file} 不是 qxm bench --out 的结果`, `${file} was not written by qxm bench --out`),
  )
}

function twoNeeded(): UsageError {
  return new UsageError(say('需要两个结果文件', 'two files with results are needed'))
}
