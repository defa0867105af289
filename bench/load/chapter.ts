import type { BenchRun, Figure } from '../../src/load/bench-run.ts'
import type { Rounds } from './compare.ts'
import type { DemoNodes } from './server-node.ts'

/** What one part of `npm run bench` came to. */
export type Chapter = Pick<BenchRun, 'groups' | 'figures' | 'leftOut'>

export interface ChapterParts {
  readonly nodes: DemoNodes
  readonly rounds: Rounds
}

/** A ratio that has to be reached. */
export function times(name: string, value: number, atLeast: number): Figure {
  return { name, value, unit: '×', goal: { atLeast } }
}
