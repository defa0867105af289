import { cpus, release } from 'node:os'
import type { Load } from './load.ts'
import type { Loaded } from './tally.ts'

/** What a server used while it was under load, as its own metrics say. */
export interface ServerUse {
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/** Where something was measured. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly system: string
  readonly node: string
}

/** One load and what it came to, as it is kept in a file and shown in reports. */
export interface LoadResult {
  readonly format: 'qxm-bench/1'
  readonly name: string
  readonly at: string
  readonly machine: Machine
  readonly load: Omit<Load, 'identifiers'> & { readonly identifierCount: number }
  readonly loaded: Loaded
  /** Absent where its metrics were not to be had. */
  readonly server?: ServerUse & { readonly cpuMicrosecondsPerAnswer: number }
}

export function makeResult(
  name: string,
  at: Date,
  { identifiers, ...load }: Load,
  loaded: Loaded,
  use: ServerUse | undefined,
): LoadResult {
  return {
    format: 'qxm-bench/1',
    name,
    at: at.toISOString(),
    machine: thisMachine(),
    load: { ...load, identifierCount: identifiers.length },
    loaded,
    ...(use && {
      server: {
        ...use,
        cpuMicrosecondsPerAnswer: (use.cpuSeconds * 1e6) / Math.max(1, loaded.answerCount),
      },
    }),
  }
}

export function thisMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    system: `${process.platform} ${release()}`,
    node: process.version,
  }
}

/** @returns undefined where the text is no such result */
export function readResult(text: string): LoadResult | undefined {
  try {
    const value = JSON.parse(text)
    return value?.format === 'qxm-bench/1' && Array.isArray(value.loaded?.latencyMs)
      ? value
      : undefined
  } catch {
    return undefined
  }
}
