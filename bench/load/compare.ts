import { type Measured, median } from './measure.ts'

const warmUpSeconds = 1

/** Something that can be put under load. */
export interface Contestant {
  readonly name: string
  readonly measure: (seconds: number) => Promise<Measured>
}

/** One row of the table: what was measured, and against what. */
export interface Row {
  readonly name: string
  /** Answers per CPU second, as a ratio to the first contestant of the same round; the median of the rounds. */
  readonly ratio: number
  readonly median: Measured
}

/** Rounds are interleaved, so that what else the machine does meets all alike; the first contestant is the reference. */
export async function compare(
  all: readonly Contestant[],
  seconds: number,
  rounds: number,
): Promise<Row[]> {
  const measured = new Map(all.map(({ name }) => [name, [] as Measured[]]))
  for (const contestant of all) await contestant.measure(warmUpSeconds)
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`)
    for (const { name, measure } of all) measured.get(name)?.push(await measure(seconds))
  }
  const reference = measured.get(all[0]?.name ?? '') ?? []
  return [...measured].map(([name, runs]) => ({
    name,
    ratio: median(
      runs.map(
        (run, round) =>
          run.answersPerCpuSecond / (reference[round]?.answersPerCpuSecond ?? Number.NaN),
      ),
    ),
    median: Object.fromEntries(
      (Object.keys(runs[0] ?? {}) as (keyof Measured)[]).map(key => [
        key,
        median(runs.map(run => run[key])),
      ]),
    ) as unknown as Measured,
  }))
}

export function print(rows: readonly Row[], idleMegabytes: number): void {
  process.stdout.write(
    '| what | answers per CPU second, ratio | answers/s | p50 ms | p99 ms | bytes | errors |\n',
  )
  process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n')
  for (const { name, ratio, median: row } of rows) {
    const cells = [
      name,
      ratio.toFixed(2),
      Math.round(row.answersPerSecond),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      Math.round(row.bytesPerAnswer),
      row.errorCount,
    ]
    process.stdout.write(`| ${cells.join(' | ')} |\n`)
  }
  process.stdout.write(`\nidle after a second start: ${Math.round(idleMegabytes)} MB\n`)
}
