import { type Machine, thisMachine } from './result.ts'

/** One way to ask, as medians of interleaved rounds. */
export interface BenchRow {
  readonly name: string
  /** Answers per CPU second beside the first row of the same group, in the same round. */
  readonly ratio: number
  /** Of the server's CPU time; of the asking process where only a part of the node is asked. */
  readonly answersPerCpuSecond: number
  readonly answersPerSecond: number
  /** Absent where nobody waits over a wire, as are the others below. */
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly p999Ms?: number
  /** Head and body. */
  readonly bytesPerAnswer?: number
  /** Of the server, when the last round had ended. */
  readonly residentMegabytes?: number
  readonly errorCount?: number
}

/** What was asked in the same rounds; the first row is what the others are compared with. */
export interface BenchGroup {
  readonly title: string
  readonly rows: readonly BenchRow[]
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number }

/** One number that a run is read for. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: '×' | 'B' | 'MB' | 'ms' | 'ns' | '%'
  /** Absent where the number is for information. */
  readonly goal?: Goal
}

/** One run of `npm run bench`, or of one of its parts, as it is kept in a file and shown in reports. */
export interface BenchRun {
  readonly format: 'qxm-bench-run/1'
  readonly at: string
  readonly machine: Machine
  /** What else one has to know to repeat it. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly figures: readonly Figure[]
  readonly groups: readonly BenchGroup[]
  /** What could not be measured on this machine, and what to do about it. */
  readonly leftOut: readonly string[]
}

export function makeBenchRun(
  at: Date,
  measured: Omit<BenchRun, 'format' | 'at' | 'machine'>,
): BenchRun {
  return { format: 'qxm-bench-run/1', at: at.toISOString(), machine: thisMachine(), ...measured }
}

/** @returns undefined where the text is no such run */
export function readBenchRun(text: string): BenchRun | undefined {
  try {
    const value = JSON.parse(text)
    const isRun = value?.format === 'qxm-bench-run/1' && Array.isArray(value.figures)
    return isRun && Array.isArray(value.groups) ? value : undefined
  } catch {
    return undefined
  }
}

/** @returns undefined where there is no goal */
export function isMet({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost
}

/** `≥ 1.4 ×`, or nothing. */
export function goalText({ goal, unit }: Figure): string {
  if (goal === undefined) return ''
  return 'atLeast' in goal ? `≥ ${goal.atLeast} ${unit}` : `≤ ${goal.atMost} ${unit}`
}

/** As precise as such a number can be had again. */
export function valueText({ value, unit }: Figure): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ${unit}`
}
