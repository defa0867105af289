import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import type { WriteRequest } from '../identifiers.ts'
import type { ImportLedger, ImportRow, ImportTransactions } from './rows.ts'
import { type ImportView, viewOf } from './view.ts'

/**
 * Takes one step with one batch, locked, in one transaction.
 * @returns undefined where there is no such batch
 */
export async function onBatch(
  { transactions }: { readonly transactions: ImportTransactions },
  id: string,
  request: WriteRequest,
  step: (ledger: ImportLedger, row: ImportRow, caller: Caller) => Promise<ImportRow>,
): Promise<ImportView | undefined> {
  const { caller, idempotency } = request
  const found = await transactions.write(
    caller,
    async ledger => {
      const row = await ledger.lockImport(id)
      if (row === undefined) return null
      demandSerial(row, request)
      return viewOf(await step(ledger, row, caller))
    },
    idempotency,
  )
  return found ?? undefined
}

export function demandSerial({ serial }: ImportRow, { ifSerial }: WriteRequest): void {
  if (ifSerial === undefined || ifSerial === serial) return
  throw new Failure('VERSION_STALE', undefined, { facts: { serial } })
}
