import type { System } from '../../model/identifier.ts'
import type { SubjectKeys } from '../applications/subject-keys.ts'
import { applyRange } from '../staging/apply-range.ts'
import type { StagedCounts } from '../staging/parts.ts'
import { openBasic } from './basics.ts'
import { type NumberedPrefixLine, readPrefixLines, scopeOf } from './batch-files.ts'
import { demandCoveredStill } from './cover.ts'
import { importerOf } from './importer.ts'
import { about, putOver, stepped, summaryOf } from './over.ts'
import { ownerOf, type PlanParts, statementTimeoutMs } from './plan.ts'
import { planPrefix, writePrefixChange } from './prefix-lines.ts'
import type { BasicRow, GrantRow, ImportLedger, ImportRow } from './rows.ts'
import { changeBasics, fileNew, PlanOutdated, type WriteBasicParts } from './write-basics.ts'

export interface ApplyParts extends PlanParts, WriteBasicParts {}

/** Rows that one statement writes: none of them runs into its deadline. */
export const rowsPerStatement = 1_000
const basicsPerPage = 200

/**
 * Writes a released batch: rows, where they come from, the cursor and the announcements in one transaction, so that
 * nobody ever sees a part of it, and a crash anywhere means to do it again.
 * @throws PlanOutdated when what is here is not what it was planned against; Failure where the grant was revoked
 */
export async function applyBatch(parts: ApplyParts, batch: ImportRow): Promise<void> {
  const lines = await readPrefixLines(parts, batch)
  const lastRow = await parts.staged.lastRow(batch.id)
  const keys = await keysOfSubjects(parts, batch)
  await parts.transactions.write(
    importerOf(batch.source),
    async ledger => {
      const row = await ledger.lockImport(batch.id)
      // Rolled back in the meantime, or done by another process.
      if (row?.state !== 'released') return
      const grant = await ledger.lockGrant(row.grant)
      demandCoveredStill(grant, row)
      const prefixes = await applyPrefixes(parts, ledger, row, grant, lines)
      const records = await applyRecords(parts, ledger, row, lastRow)
      await applyBasics(parts, ledger, row, keys)
      demandAsPlanned(row, prefixes, records)
      await ledger.putGrant({ ...grant, rowsUsed: grant.rowsUsed + row.rows })
      await putOver(ledger, stepped(row, ledger.at, { state: 'applied', appliedAt: ledger.at }))
      const detail = { ...summaryOf(row), releasers: row.releasers, counts: row.counts }
      await ledger.audit({ action: 'import.applied', target: about(row), detail })
    },
    undefined,
    { statementTimeoutMs },
  )
}

/** Made before the transaction, in which no other question may be asked. */
async function keysOfSubjects(
  { reads, keysOf }: ApplyParts,
  { id }: ImportRow,
): Promise<ReadonlyMap<string, SubjectKeys>> {
  const keys = new Map<string, SubjectKeys>()
  for (let after = 0; ; ) {
    const rows = await reads.basicsOf(id, { after, limit: basicsPerPage })
    for (const { subject, outcome } of rows) {
      if (subject !== null && isChange(outcome)) keys.set(subject, await keysOf(subject))
    }
    const last = rows.at(-1)
    if (last === undefined) return keys
    after = last.row
  }
}

function isChange(outcome: BasicRow['outcome']): boolean {
  return outcome === 'changed' || outcome === 'conflicting'
}

type Counted = Pick<StagedCounts, 'added' | 'changed' | 'withdrawn'>

async function applyPrefixes(
  parts: ApplyParts,
  ledger: ImportLedger,
  batch: ImportRow,
  grant: GrantRow,
  lines: readonly NumberedPrefixLine[],
): Promise<Counted> {
  const counted = { added: 0, changed: 0, withdrawn: 0 }
  const scope = scopeOf(batch, grant)
  const systems = new Set<System>(lines.map(({ line }) => line.system))
  for (const system of [...systems].sort()) await ledger.lockSystem(system)
  for (const { row, line } of lines) {
    const change = await planPrefix(parts, ledger, line, scope)
    if (change.outcome === 'unchanged') continue
    counted[change.outcome]++
    await writePrefixChange(ledger, change, importerOf(batch.source).id)
    const { system, prefix, serial } = change.after
    const before = change.before ?? null
    await ledger.putWritten(batch.id, { target: `prefix:${system}:${prefix}`, row, serial, before })
  }
  return counted
}

async function applyRecords(
  { aliasLeads }: ApplyParts,
  ledger: ImportLedger,
  batch: ImportRow,
  lastRow: number,
): Promise<Counted> {
  const owner = ownerOf(batch)
  const counted = { added: 0, changed: 0, withdrawn: 0 }
  for (let after = 0; after < lastRow; after += rowsPerStatement) {
    const range = { after, upTo: after + rowsPerStatement }
    const applied = await applyRange({ ledger, owner, range, aliasLeads })
    if (applied.refused > 0) throw new PlanOutdated()
    counted.added += applied.added
    counted.changed += applied.changed
    counted.withdrawn += applied.withdrawn
  }
  return counted
}

/** Rows that nobody has said yet whom they concern go on waiting: they are written when somebody does. */
async function applyBasics(
  parts: ApplyParts,
  ledger: ImportLedger,
  batch: ImportRow,
  keys: ReadonlyMap<string, SubjectKeys>,
): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await ledger.basicsOf(batch.id, { after, limit: basicsPerPage })
    for (const row of rows) await applyBasic(parts, ledger, batch, row, keys)
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.row
  }
}

/** Writes what one row of table 1 says, where it says something. @param keys of the subject it concerns */
export async function applyBasic(
  parts: WriteBasicParts & Pick<PlanParts, 'sealing'>,
  ledger: ImportLedger,
  batch: ImportRow,
  row: BasicRow,
  keys: ReadonlyMap<string, SubjectKeys>,
): Promise<void> {
  const open = () => ({ batch, row, fields: openBasic(parts, batch, row) })
  switch (row.outcome) {
    case 'changed':
    case 'conflicting': {
      const subjectKeys = keys.get(row.subject ?? '')
      if (subjectKeys === undefined) throw new PlanOutdated()
      return ledger.putBasic(batch.id, await changeBasics(ledger, open(), subjectKeys))
    }
    case 'added':
      return ledger.putBasic(batch.id, await fileNew(parts, ledger, open()))
    case 'unchanged':
    case 'skipped':
    case 'question':
  }
}

/** Basic information checks its own serials; of the rest, what was shown is what is written. */
function demandAsPlanned({ counts }: ImportRow, prefixes: Counted, records: Counted): void {
  const isAsPlanned =
    prefixes.withdrawn + records.withdrawn === counts.withdrawn &&
    prefixes.added + records.added <= counts.added &&
    prefixes.changed + records.changed <= counts.changed
  if (!isAsPlanned) throw new PlanOutdated()
}
