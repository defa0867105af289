import type { StoredRecord } from '../../model/record.ts'
import { claimAliases, type Leads } from '../aliases.ts'
import { buriedOver, type WrittenBy } from '../record-rules.ts'
import { write } from './apply-range.ts'
import { attempt } from './check-rows.ts'
import type {
  NewerRecord,
  RecordPair,
  RowRange,
  StagedRows,
  StagingLedger,
  StagingOwner,
} from './parts.ts'

/** Looked through in one question, so that a large job does not hold up a small store. */
const rowsPerLook = 10_000

/** What `records.source` says of a version that took an owner's back. */
export function sourceOfUndo(owner: string): string {
  return `${owner}:undo`
}

/**
 * The first records of the owner's that somebody has written since, because of which it cannot be undone.
 * @returns at most `limit`
 */
export async function findNewer(
  rows: Pick<StagedRows, 'newerThan'>,
  owner: string,
  lastRow: number,
  limit: number,
): Promise<readonly NewerRecord[]> {
  const found: NewerRecord[] = []
  for (let after = 0; after < lastRow && found.length < limit; after += rowsPerLook) {
    const range = { after, upTo: after + rowsPerLook }
    found.push(...(await rows.newerThan(owner, range, limit - found.length)))
  }
  return found
}

export interface UndoRange {
  readonly ledger: StagingLedger
  readonly owner: Pick<StagingOwner, 'id'>
  readonly range: RowRange
  /** Who takes it back. */
  readonly submitter: string
  readonly aliasLeads: Leads
}

/**
 * Writes what the owner's records were before it, as new versions; what it added becomes a tombstone. What somebody has
 * written since stays as it is.
 * @returns how many records were written
 */
export async function undoRange({
  ledger,
  owner,
  range,
  submitter,
  aliasLeads,
}: UndoRange): Promise<number> {
  const written = await ledger.staged.lockWritten(owner.id, range)
  const pairs = written.map(({ record, before }): RecordPair => {
    const by = { at: ledger.at, submitter, basis: record.basis }
    return { record: formerOf(record, before, by), before: record }
  })
  const keys = pairs.flatMap(({ record }) => record.aliases.map(({ key }) => key))
  const holders = await ledger.lockAliases([...new Set(keys)])
  const takenOver: string[] = []
  const restored = pairs.map(({ record, before }): RecordPair => {
    // A name that has gone to another record in the meantime stays there; the value that says it comes back.
    const aliases = record.aliases.filter(alias => {
      const squatted = attempt(() =>
        claimAliases({ ...record, aliases: [alias] }, holders, aliasLeads),
      )
      if (!Array.isArray(squatted)) return false
      takenOver.push(...squatted)
      return true
    })
    return { record: { ...record, aliases }, before }
  })
  await write(ledger, sourceOfUndo(owner.id), restored, takenOver)
  return restored.length
}

function formerOf(
  record: StoredRecord,
  before: StoredRecord | undefined,
  by: WrittenBy,
): StoredRecord {
  if (before === undefined) return buriedOver(record, by, 'undone', undefined)
  return {
    ...before,
    serial: record.serial + 1,
    updatedAt: by.at.toISOString(),
    submitter: by.submitter,
  }
}
