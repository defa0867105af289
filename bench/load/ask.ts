import type { BenchRow } from '../../src/load/bench-run.ts'
import { median } from './measure.ts'

/** One way to ask a store for one key. */
export type Ask = (key: string) => Promise<unknown>

export interface AskLoad {
  readonly keyCount: number
  readonly keyOf: (number: number) => string
  /** Questions under way at once. */
  readonly callers: number
  readonly rounds: number
  readonly roundMs: number
}

const warmUpMs = 1_000

/** Random keys, rounds interleaved, medians, of this process's CPU time; the first way is the reference. */
export async function compareAsks(
  ways: Readonly<Record<string, Ask>>,
  load: AskLoad,
): Promise<BenchRow[]> {
  const measured = new Map(Object.keys(ways).map(name => [name, [] as Run[]]))
  for (const ask of Object.values(ways)) await run(ask, { ...load, roundMs: warmUpMs })
  for (let round = 0; round < load.rounds; round++) {
    for (const [name, ask] of Object.entries(ways)) measured.get(name)?.push(await run(ask, load))
  }
  const [reference = []] = measured.values()
  return [...measured].map(([name, runs]) => ({
    name,
    ratio: median(runs.map(({ eff }, round) => eff / (reference[round]?.eff ?? Number.NaN))),
    answersPerCpuSecond: median(runs.map(({ eff }) => eff)),
    answersPerSecond: median(runs.map(({ rate }) => rate)),
  }))
}

interface Run {
  readonly eff: number
  readonly rate: number
}

async function run(
  ask: Ask,
  { keyCount, keyOf, callers, roundMs }: Omit<AskLoad, 'rounds'>,
): Promise<Run> {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  let count = 0
  async function call(): Promise<void> {
    while (performance.now() - startedAt < roundMs) {
      if ((await ask(keyOf(Math.floor(Math.random() * keyCount)))) == null) {
        throw new Error('asked for something that is not there')
      }
      count += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - startedAt) / 1000
  return { eff: count / ((user + system) / 1e6), rate: count / seconds }
}
