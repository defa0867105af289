import type { Caller } from '../model/caller.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import { isPublic, type Value } from '../model/value.ts'
import type { Answer } from './parts.ts'

export interface Visible {
  readonly values: readonly Value[]
  readonly withheld: NonNullable<Answer['withheld']>
}

/** Whether the asker sees more of the record than anyone does: its owner, those who write it, operators. */
export function seesAll(caller: Caller, record: StoredRecord, prefix: Prefix | undefined): boolean {
  if (caller.role === 'anyone') return false
  if (caller.role === 'operator' || caller.id === record.submitter) return true
  return caller.subject !== null && (caller.subject === prefix?.owner || caller.subject === record.subject)
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
