import { Failure } from '../../model/failures.ts'
import { type PrefixParts, putPrefixRow } from '../prefixes.ts'
import { reasonOf } from '../staging/check-rows.ts'
import type { PrefixRowInput } from './receive.ts'
import type { ApplyPrefixes } from './run-jobs.ts'

/** Prefixes are few, and each has neighbours that the rules ask about: they are written one by one. */
export function makeApplyPrefixes(parts: Omit<PrefixParts, 'transactions'>): ApplyPrefixes {
  return async function applyPrefixes(ledger, caller, owner, range, dry) {
    const outcomes = { added: 0, changed: 0, unchanged: 0, withdrawn: 0, refused: 0 }
    for (const { row, text } of await ledger.staged.texts(owner.id, range)) {
      try {
        const input = JSON.parse(text) as PrefixRowInput
        outcomes[await putPrefixRow(parts, ledger, input, caller, dry)] += 1
      } catch (error) {
        if (!(error instanceof Failure) || error.code === 'STORE_AWAY') throw error
        outcomes.refused += 1
        await ledger.staged.refuse(owner.id, [{ row, error: reasonOf(error), cells: null }])
      }
    }
    return outcomes
  }
}
