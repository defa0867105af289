import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { undoPrefix } from '../holdings/undo-prefix.ts'
import { type PrefixParts, putPrefixRow } from '../prefixes.ts'
import { reasonOf } from '../staging/check-rows.ts'
import type { Applied, RowRange, StagingOwner } from '../staging/parts.ts'
import type { JobLedger } from './parts.ts'
import type { PrefixRowInput } from './receive.ts'

/** Prefixes are few, and each has neighbours that the rules ask about: they are written one by one. */
export interface PrefixRows {
  /** @param dry writes nothing but the refusals */
  apply(
    ledger: JobLedger,
    caller: Caller,
    owner: StagingOwner,
    range: RowRange,
    dry: boolean,
  ): Promise<Applied>
  /** What somebody has written since stays as it is. @returns how many became what they were */
  undo(ledger: JobLedger, caller: Caller, job: string, range: RowRange): Promise<number>
}

export function makePrefixRows(parts: Omit<PrefixParts, 'transactions'>): PrefixRows {
  return {
    async apply(ledger, caller, owner, range, dry) {
      const outcomes = { added: 0, changed: 0, unchanged: 0, withdrawn: 0, refused: 0 }
      for (const { row, text } of await ledger.staged.texts(owner.id, range)) {
        try {
          const input = JSON.parse(text) as PrefixRowInput
          const { outcome, written } = await putPrefixRow(parts, ledger, input, caller, dry)
          if (written !== undefined) await ledger.jobs.putPrefix(owner.id, { row, ...written })
          outcomes[outcome] += 1
        } catch (error) {
          if (!(error instanceof Failure) || error.code === 'STORE_AWAY') throw error
          outcomes.refused += 1
          await ledger.staged.refuse(owner.id, [{ row, error: reasonOf(error), cells: null }])
        }
      }
      return outcomes
    },

    async undo(ledger, caller, job, range) {
      parts.demandOperator(caller, 'prefix.patch')
      let count = 0
      for (const written of await ledger.jobs.prefixes(job, range)) {
        if (await undoPrefix(ledger, written, caller.id)) count += 1
      }
      return count
    },
  }
}
