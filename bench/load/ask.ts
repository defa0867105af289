import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
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

/** Answers per second of this process's CPU time, per second, and against the first way in the same round. */
export interface AskRow {
  readonly name: string
  readonly ratio: number
  readonly answersPerCpuSecond: number
  readonly answersPerSecond: number
}

const warmUpMs = 1_000

/** Random keys, rounds interleaved, medians; the first way is the reference. */
export async function compareAsks(
  ways: Readonly<Record<string, Ask>>,
  load: AskLoad,
): Promise<AskRow[]> {
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

/** Prints a table, and keeps the run where `file` says. */
export async function report(
  title: string,
  rows: readonly AskRow[],
  facts: Readonly<Record<string, unknown>>,
  file: string,
): Promise<void> {
  process.stdout.write(
    `${title}\n\n| what | answers per CPU second, ratio | answers per CPU second | answers/s |\n`,
  )
  process.stdout.write('| --- | ---: | ---: | ---: |\n')
  for (const { name, ratio, answersPerCpuSecond, answersPerSecond } of rows) {
    const cells = [name, ratio.toFixed(2), ...[answersPerCpuSecond, answersPerSecond].map(round)]
    process.stdout.write(`| ${cells.join(' | ')} |\n`)
  }
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
  const kept = { at: new Date().toISOString(), machine, ...facts, results: rows }
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`)
}

function round(number: number): string {
  return String(Math.round(number))
}
