import { createHash, type Hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { StoredRecord } from '../../model/record.ts'
import type { Leads } from '../aliases.ts'
import { writtenOver } from '../record-rules.ts'
import { applyRange } from '../staging/apply-range.ts'
import type { PlannedRow, RowRange, StagingOwner } from '../staging/parts.ts'
import {
  basicFile,
  identifiersFile,
  prefixesFile,
  readPrefixLines,
  scopeOf,
} from './batch-files.ts'
import { refusal } from './faults.ts'
import { importerOf } from './importer.ts'
import { planPrefix } from './prefix-lines.ts'
import type { BasicOutcome, GrantRow, ImportCounts, ImportRow } from './rows.ts'
import type { StageParts } from './stage.ts'

export interface PlanParts extends StageParts {
  readonly aliasLeads: Leads
}

/** What releasing a batch would do, and a digest by which the same plan is known again. */
export interface Plan {
  readonly counts: ImportCounts
  readonly digest: string
}

/** One row as the preview shows it. */
export interface PlannedChange {
  readonly file: string
  readonly row: number
  /** An identifier, a prefix as paths name it, or the code of a subject; null where nobody is known yet. */
  readonly target: string | null
  readonly outcome: BasicOutcome | 'withdrawn'
  readonly isConflicting: boolean
}

/** Rows compared in one step: small enough that nobody waits for the embedded engine. */
const rowsPerStep = 500
const prefixesPerStep = 100
/** Nobody's request waits for these: the store may be busy with others. */
export const statementTimeoutMs = 60_000

/**
 * Compares a staged batch with what is here now. Nothing is written.
 * @throws Failure with the facts `file` and `row` where a row cannot be written, such as an alias that is another
 * record's: then the whole batch is wrong
 */
export async function planBatch(
  parts: PlanParts,
  batch: ImportRow,
  grant: GrantRow,
  onward: () => Promise<void>,
): Promise<Plan> {
  const tally = makeTally()
  await tallyPrefixes(parts, batch, grant, tally, onward)
  await tallyIdentifiers(parts, batch, tally, onward)
  await tallyBasics(parts, batch, tally, onward)
  return { counts: tally.counts(), digest: tally.digest() }
}

interface Tally {
  /** @param seen what it meets; absent: that is looked at row by row when it is written, and answers may change it */
  add(change: Omit<PlannedChange, 'target'>, seen?: string): void
  counts(): ImportCounts
  digest(): string
}

/** Counts rows, and digests what each meets. */
function makeTally(): Tally {
  const hash: Hash = createHash('sha256')
  const found = { added: 0, changed: 0, unchanged: 0, withdrawn: 0, conflicting: 0, questions: 0 }
  let rows = 0
  return {
    add({ file, row, outcome, isConflicting }, seen) {
      if (seen !== undefined) {
        hash.update(`${file}\n${row}\n${outcome}\n${isConflicting}\n${seen}\n`)
      }
      rows++
      if (isConflicting) found.conflicting++
      switch (outcome) {
        case 'question':
          found.questions++
          break
        case 'conflicting':
          found.changed++
          break
        case 'skipped':
          found.unchanged++
          break
        default:
          found[outcome]++
      }
    },
    counts: () => ({ rows, ...found }),
    digest: () => hash.digest('hex'),
  }
}

async function tallyPrefixes(
  parts: PlanParts,
  batch: ImportRow,
  grant: GrantRow,
  tally: Tally,
  onward: () => Promise<void>,
): Promise<void> {
  const lines = await readPrefixLines(parts, batch)
  const scope = scopeOf(batch, grant)
  for (let at = 0; at < lines.length; at += prefixesPerStep) {
    await parts.transactions.write(importerOf(batch.source), async ledger => {
      for (const { row, line } of lines.slice(at, at + prefixesPerStep)) {
        const { outcome, isConflicting, before } = await planPrefix(parts, ledger, line, scope)
        const seen = String(before?.serial ?? 0)
        tally.add({ file: prefixesFile, row, outcome, isConflicting }, seen)
      }
    })
    await onward()
  }
}

async function tallyIdentifiers(
  parts: PlanParts,
  batch: ImportRow,
  tally: Tally,
  onward: () => Promise<void>,
): Promise<void> {
  const owner = ownerOf(batch)
  const lastRow = await parts.staged.lastRow(batch.id)
  const giveWay = parts.makeGiveWay('store')
  for (let after = 0; after < lastRow; after += rowsPerStep) {
    const range = { after, upTo: after + rowsPerStep }
    const rows = await rowsToWrite(parts, batch, range)
    for (const planned of rows) {
      const outcome = outcomeOf(planned, owner)
      const isConflicting = outcome !== 'unchanged' && isOthers(planned)
      const seen = String(planned.before?.serial ?? 0)
      tally.add({ file: identifiersFile, row: planned.row.row, outcome, isConflicting }, seen)
    }
    await giveWay()
    await onward()
  }
  // Also those of an earlier comparison.
  await tallyRefused(parts, batch, tally)
}

/** The rows of a range that can be written, beside what they meet; those that cannot are refused meanwhile. */
async function rowsToWrite(
  { staged, transactions, aliasLeads }: PlanParts,
  batch: ImportRow,
  range: RowRange,
): Promise<readonly PlannedRow[]> {
  const owner = ownerOf(batch)
  const look = async () => {
    const rows = await staged.plan(owner, range.after, rowsPerStep)
    return rows.filter(({ row }) => row.row <= range.upTo)
  }
  const rows = await look()
  if (!rows.some(mayBeRefused)) return rows
  await transactions.write(
    importerOf(batch.source),
    ledger => applyRange({ ledger, owner, range, aliasLeads, dry: true }),
    undefined,
    { statementTimeoutMs },
  )
  return look()
}

/** Whether the store decides: a name that another record has, or nothing that could be withdrawn. */
function mayBeRefused({ row }: PlannedRow): boolean {
  return row.op === 'withdraw' || row.aliases.length > 0 || row.system !== 'handle'
}

/** To withdraw what never was here changes nothing; whatever else cannot be written makes the batch wrong. */
async function tallyRefused({ staged }: PlanParts, { id }: ImportRow, tally: Tally): Promise<void> {
  for (let after = 0; ; ) {
    const refused = await staged.refused(id, after, rowsPerStep)
    for (const { row, error } of refused) {
      if (error.rule !== 'IDENTIFIER_UNKNOWN') {
        const { pointer, rule, detail } = error
        throw refusal('INPUT_INVALID', pointer, rule, detail, { file: identifiersFile, row })
      }
      tally.add({ file: identifiersFile, row, outcome: 'unchanged', isConflicting: false }, '0')
    }
    const last = refused.at(-1)
    if (last === undefined) return
    after = last.row
  }
}

async function tallyBasics(
  { reads }: PlanParts,
  { id }: ImportRow,
  tally: Tally,
  onward: () => Promise<void>,
): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await reads.basicsOf(id, { after, limit: rowsPerStep })
    for (const { row, outcome } of rows) {
      tally.add({ file: basicFile, row, outcome, isConflicting: outcome === 'conflicting' })
    }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.row
    await onward()
  }
}

/** As whom a batch's rows are written. */
export function ownerOf({ id, source, receivedAt }: ImportRow): StagingOwner {
  return { id, basis: 'grant', submitter: importerOf(source).id, stagedAt: receivedAt }
}

/** What a row makes of what it meets. */
export function outcomeOf(
  { row, before }: PlannedRow,
  { submitter, basis, stagedAt }: StagingOwner,
): 'added' | 'changed' | 'unchanged' | 'withdrawn' {
  if (row.op === 'withdraw') {
    return before === undefined || before.gone !== null ? 'unchanged' : 'withdrawn'
  }
  if (before === undefined || before.gone !== null) return 'added'
  const { key, identifier: text, system, prefix, ...said } = row
  const checked = { ...said, identifier: { key, text, system }, prefix: { prefix } }
  const record = writtenOver(checked, before, { at: stagedAt, submitter, basis })
  return saysTheSame(record, before) ? 'unchanged' : 'changed'
}

function saysTheSame(record: StoredRecord, before: StoredRecord): boolean {
  const { kind, successor, values, aliases } = before
  const { kind: k, successor: s, values: v, aliases: a } = record
  return isDeepStrictEqual([k, s, v, a], [kind, successor, values, aliases])
}

/** Whether somebody else than the top-level node wrote what a row would change, a tombstone included. */
export function isOthers({ before }: Pick<PlannedRow, 'before'>): boolean {
  return before !== undefined && before.basis !== 'grant'
}
