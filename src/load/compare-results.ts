import { say, type Text } from '../model/text.ts'
import type { BenchRun } from './bench-run.ts'
import type { LoadResult } from './result.ts'

/** One number of two results. */
export interface Compared {
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

/** The same numbers of two runs of `npm run bench`; those that only one of them has are left out. */
export function compareRuns(before: BenchRun, after: BenchRun): readonly Compared[] {
  const told = (what: string, former: number | undefined, latter: number): Compared[] =>
    former === undefined
      ? []
      : [
          {
            what: say(what, what),
            before: former,
            after: latter,
            ratio: former === 0 ? null : latter / former,
          },
        ]
  const figures = after.figures.flatMap(({ name, unit, value }) =>
    told(`${name}, ${unit}`, before.figures.find(each => each.name === name)?.value, value),
  )
  const rows = after.groups.flatMap(({ title, rows }) => {
    const former = before.groups.find(group => group.title === title)?.rows ?? []
    return rows.flatMap(({ name, ratio }) =>
      told(`${title}: ${name}, ×`, former.find(row => row.name === name)?.ratio, ratio),
    )
  })
  return [...figures, ...rows]
}
