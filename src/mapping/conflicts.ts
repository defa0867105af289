import type { System } from '../model/identifier.ts'
import { isUnder, walk } from './prefix-walk.ts'

/**
 * How two prefixes of different subjects are in each other's way: they are the same one, the claimed one lies below the
 * other, or the other lies below it. Part by part, never letter by letter.
 */
export type Overlap = 'same' | 'below' | 'above'

/** @returns undefined where neither is responsible for anything of the other */
export function overlapOf(system: System, claimed: string, other: string): Overlap | undefined {
  if (claimed === other) return 'same'
  if (isUnder(system, claimed, other)) return 'below'
  return isUnder(system, other, claimed) ? 'above' : undefined
}

/** Where in an ordered store everything is that may overlap with a prefix. */
export interface OverlapSearch {
  readonly system: System
  /** The prefix itself and every one above it. */
  readonly above: readonly string[]
  /** Every prefix below begins with one of these. */
  readonly belowStarts: readonly string[]
}

export function overlapSearch(system: System, prefix: string): OverlapSearch {
  return {
    system,
    above: [...walk(system, prefix)],
    belowStarts: separatorsOf(system).map(separator => prefix + separator),
  }
}

/** What stands between a prefix and the next part of a longer one. */
function separatorsOf(system: System): readonly string[] {
  switch (system) {
    case 'code':
    case 'handle':
    case 'oid':
    case 'vaa':
      return ['.']
    case 'did':
      return [':', '/']
    case 'url':
      return ['/']
    case 'gs1':
    case 'ecode':
      return ['']
  }
}
