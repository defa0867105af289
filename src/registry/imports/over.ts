import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { informUntil } from '../applications/notices.ts'
import type { ImportFault, ImportLedger, ImportRow } from './rows.ts'

/** What notices, audit rows and basic information call a batch. */
export function about({ id }: Pick<ImportRow, 'id'>): string {
  return `import:${id}`
}

/** The batch one step later. */
export function stepped(
  row: ImportRow,
  at: Date,
  changes: Partial<Omit<ImportRow, 'id' | 'source' | 'seq'>>,
): ImportRow {
  return { ...row, ...changes, updatedAt: at, serial: row.serial + 1 }
}

/** What an audit row says of every step of a batch. */
export function summaryOf({ source, seq, batch, digest, grant }: ImportRow) {
  return { source, seq, batch, manifest: digest, grant }
}

/**
 * Ends a batch: the cursor of its source passes it, and the next one's turn has come. Its own row is locked before that
 * of its source, which is locked last and for a moment: a batch that takes minutes keeps nobody from bringing the next.
 */
export async function putOver(ledger: ImportLedger, row: ImportRow): Promise<void> {
  const source = await ledger.lockSource(row.source)
  await ledger.putImport({ ...row, isDone: true })
  await ledger.putSource({ ...source, doneSeq: row.seq, doneAt: ledger.at })
  await ledger.endNotices(about(row))
}

/** Parks a batch because of what it says; those after it go on. */
export async function park(
  ledger: ImportLedger,
  row: ImportRow,
  fault: ImportFault,
): Promise<ImportRow> {
  const parked = stepped(row, ledger.at, { state: 'parked', fault, releasers: [] })
  await putOver(ledger, parked)
  await ledger.audit({
    action: 'import.parked',
    target: about(row),
    detail: { ...summaryOf(row), ...fault },
  })
  await ledger.putNotice({
    topic: 'import.parked',
    about: about(row),
    name: `${row.source} #${row.seq}`,
    to: { role: 'reviewer' },
    dueAt: null,
    endsAt: informUntil(ledger.at),
  })
  return parked
}

/** @throws Failure `STATE_CONFLICT`; its fact `state` says which it is */
export function demandState(row: ImportRow, states: readonly ImportRow['state'][]): void {
  if (states.includes(row.state) && !row.isPassedBy) return
  const detail = say(
    `批次处于 ${row.state} 状态，不允许此操作`,
    `the batch is ${row.state}; that forbids this`,
  )
  throw new Failure('STATE_CONFLICT', detail, { facts: { state: row.state } })
}
