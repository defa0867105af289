import type { Caller } from '../../model/caller.ts'
import { Failure, type FieldError } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import {
  checkRecord,
  demandPlace,
  parseTarget,
  type RecordInput,
  type RecordRules,
  standingOf,
} from '../record-rules.ts'
import type { StagedRow } from './parts.ts'

/** Of many more places than this a file would have a row or two each: asking again costs little then. */
const placesMax = 10_000

/** What a row wants: as the body of a single write, or a withdrawal. */
export type RowInput = RecordInput & { readonly identifier: string; readonly withdraw?: boolean }

/**
 * Checks rows as single writes are checked, as far as that needs no look into the store.
 * @param stagedAt the timestamp that the values carry until they are written
 * @returns a function that throws a Failure for a row that breaks a rule
 */
export function makeCheckRow(
  rules: RecordRules,
  caller: Caller,
  stagedAt: Date,
): (row: number, input: RowInput) => StagedRow {
  const standing = standingOf(caller)
  const places = new Map<string, Prefix | Failure>()

  /** What is decided for a place holds for all rows that lie there: a file has few. */
  function prefixOf({ system, authority }: Identifier): Prefix {
    const name = `${system} ${authority}`
    let decided = places.get(name)
    if (decided === undefined) {
      decided = attempt(() =>
        demandPlace(rules, { system, authority }, caller, 'identifier.replace'),
      )
      if (places.size >= placesMax) places.clear()
      places.set(name, decided)
    }
    if (decided instanceof Failure) throw decided
    return decided
  }

  return function checkRow(row, { identifier: text, withdraw = false, ...input }) {
    const identifier = parseTarget(rules, text, { creating: !withdraw })
    const prefix = prefixOf(identifier)
    const { key, system, authority } = identifier
    const { kind, values, aliases, successor } = checkRecord(
      rules,
      { identifier, prefix, standing },
      withdraw ? {} : input,
      stagedAt,
    )
    return {
      row,
      op: withdraw ? 'withdraw' : 'put',
      key,
      identifier: identifier.text,
      system,
      authority,
      prefix: prefix.prefix,
      kind,
      values,
      aliases,
      successor,
    }
  }
}

/** @returns the failure where there is one; anything else thrown is our own mistake */
export function attempt<Result>(run: () => Result): Result | Failure {
  try {
    return run()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

/** A failure as the reason of a row: the first broken rule, or the failure's own code. */
export function reasonOf(failure: Failure): FieldError {
  const { code, detail, errors } = failure
  return errors[0] ?? { pointer: '/identifier', rule: code, detail }
}
