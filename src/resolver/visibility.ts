import { isPublic, type Value } from '../model/value.ts'
import type { Answer } from './parts.ts'

export interface Visible {
  readonly values: readonly Value[]
  readonly withheld: NonNullable<Answer['withheld']>
}

/** RFC 3651 §3.1: a value without public read is the administrators' alone; the answer says that it is there. */
export function visibleValues(values: readonly Value[], all: boolean): Visible {
  if (all || values.every(isPublic)) return { values, withheld: [] }
  return {
    values: values.filter(isPublic),
    withheld: values
      .filter(value => !isPublic(value))
      .map(({ index, type }) => ({ index, type, reason: 'notPublic' })),
  }
}
