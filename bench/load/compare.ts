import type { BenchGroup } from '../../src/load/bench-run.ts'
import { type Measured, median } from './measure.ts'

const warmUpSeconds = 1

/** Something that can be put under load. */
export interface Contestant {
  readonly name: string
  readonly measure: (seconds: number) => Promise<Measured>
}

export interface Rounds {
  readonly rounds: number
  readonly seconds: number
}

export interface Comparison {
  readonly group: BenchGroup
  /** Answers per CPU second of one contestant beside another's of the same round; the median of the rounds. */
  ratio(name: string, beside: string): number
  median(name: string, of: keyof Measured): number
}

/** Rounds are interleaved, so that what else the machine does meets all alike; the first contestant is the reference. */
export async function compare(
  title: string,
  all: readonly Contestant[],
  { rounds, seconds }: Rounds,
): Promise<Comparison> {
  process.stderr.write(`${title}\n`)
  const measured = new Map(all.map(({ name }) => [name, [] as Measured[]]))
  for (const contestant of all) await contestant.measure(warmUpSeconds)
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure } of all) measured.get(name)?.push(await measure(seconds))
  }

  const runsOf = (name: string) => measured.get(name) ?? []
  const medianOf = (name: string, of: keyof Measured) => median(runsOf(name).map(run => run[of]))
  const ratio = (name: string, beside: string) =>
    median(
      runsOf(name).map(
        (run, round) =>
          run.answersPerCpuSecond / (runsOf(beside)[round]?.answersPerCpuSecond ?? Number.NaN),
      ),
    )
  const latenciesOf = (name: string) => {
    const [p50Ms, p99Ms, p999Ms] = [
      medianOf(name, 'p50Ms'),
      medianOf(name, 'p99Ms'),
      medianOf(name, 'p999Ms'),
    ]
    return Number.isNaN(p50Ms) ? {} : { p50Ms, p99Ms, p999Ms }
  }
  const rows = all.map(({ name }) => ({
    name,
    ratio: ratio(name, all[0]?.name ?? ''),
    answersPerCpuSecond: medianOf(name, 'answersPerCpuSecond'),
    answersPerSecond: medianOf(name, 'answersPerSecond'),
    ...latenciesOf(name),
    bytesPerAnswer: medianOf(name, 'bytesPerAnswer'),
    residentMegabytes: medianOf(name, 'residentMegabytes'),
    errorCount: medianOf(name, 'errorCount'),
  }))
  return { group: { title, rows }, ratio, median: medianOf }
}
