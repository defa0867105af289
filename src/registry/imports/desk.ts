import type { Permissions } from '../../access/permissions.ts'
import type { Caller } from '../../model/caller.ts'
import type { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { WriteRequest } from '../identifiers.ts'
import {
  type AnswerInput,
  type AnswerParts,
  type ImportQuestion,
  putAnswer,
  questionOf,
  readAnswer,
} from './answers.ts'
import { refusal } from './faults.ts'
import { demandSerial, onBatch } from './on-batch.ts'
import { about, demandState, putOver, stepped, summaryOf } from './over.ts'
import type { PlannedChange } from './plan.ts'
import { previewOf } from './preview.ts'
import type { ImportFilter, ImportLedger, ImportListPage, ImportLists, ImportRow } from './rows.ts'
import { undoBatch } from './undo.ts'
import { type ImportView, viewOf } from './view.ts'

export interface DeskParts extends AnswerParts {
  readonly lists: Pick<ImportLists, 'imports'>
  readonly demand: Permissions['demand']
  /** There may be something to do. */
  readonly nudge: () => void
}

export interface RowsPage<Item> {
  readonly items: readonly Item[]
  /** Where the next page goes on after; null at the end. */
  readonly next: number | null
}

/** What people do with batches: each function that writes is one transaction. */
export interface ImportDesk {
  list(
    filter: ImportFilter,
    page: { readonly cursor?: string | undefined; readonly limit: number },
    caller: Caller,
  ): Promise<ImportListPage<ImportView>>
  read(id: string, caller: Caller): Promise<ImportView | undefined>
  /** What releasing it would do, row by row. @throws Failure `STATE_CONFLICT` unless it is planned or released */
  preview(
    id: string,
    page: { readonly after: number; readonly limit: number; readonly file: string },
    caller: Caller,
  ): Promise<RowsPage<PlannedChange> | undefined>
  /** Says that it may be written as it was planned; the second reviewer to say so lets it in. */
  release(id: string, request: WriteRequest): Promise<ImportView | undefined>
  /** Takes an applied batch back, or puts one aside that is not applied yet. */
  rollback(id: string, request: WriteRequest): Promise<ImportView | undefined>
  questions(
    id: string,
    page: { readonly after: number; readonly limit: number },
    caller: Caller,
  ): Promise<RowsPage<ImportQuestion> | undefined>
  /** Says whom a row concerns; of an applied batch, the row is written at once. */
  answer(
    id: string,
    row: number,
    answer: AnswerInput,
    request: WriteRequest,
  ): Promise<ImportView | undefined>
}

/** How many different reviewers let a batch in (four eyes). */
const releasersNeeded = 2

export function makeImportDesk(parts: DeskParts): ImportDesk {
  const { transactions, reads, demand } = parts
  return {
    async list(filter, page, caller) {
      demand(caller, 'import.read', {})
      const { items, next } = await parts.lists.imports(filter, page)
      return { items: items.map(viewOf), next }
    },

    async read(id, caller) {
      demand(caller, 'import.read', {})
      const row = await reads.findImport(id)
      return row && viewOf(row)
    },

    async preview(id, page, caller) {
      demand(caller, 'import.read', {})
      const row = await reads.findImport(id)
      if (row === undefined) return undefined
      demandState(row, ['planned', 'released'])
      return previewOf(parts, row, page)
    },

    async release(id, request) {
      demand(request.caller, 'import.release', {})
      const view = await onBatch(parts, id, request, releaseBatch)
      parts.nudge()
      return view
    },

    async rollback(id, request) {
      const { caller } = request
      demand(caller, 'import.rollback', {})
      const found = await reads.findImport(id)
      if (found === undefined) return undefined
      demandSerial(found, request)
      if (found.state === 'applied') return viewOf(await undoBatch(parts, found, caller))
      const view = await onBatch(parts, id, request, putAside)
      parts.nudge()
      return view
    },

    async questions(id, { after, limit }, caller) {
      demand(caller, 'import.answer', {})
      const batch = await reads.findImport(id)
      if (batch === undefined) return undefined
      const page = { after, limit: limit + 1, outcome: 'question' } as const
      const rows = await reads.basicsOf(id, page)
      // Sealed items are shown to somebody they do not belong to: that leaves a trace.
      const detail = { after, rows: rows.length }
      await transactions.write(caller, ledger =>
        ledger.audit({ action: 'import.questions', target: about(batch), detail }),
      )
      return pageOf(rows, limit, row => questionOf(parts, batch, row))
    },

    async answer(id, number, input, request) {
      demand(request.caller, 'import.answer', {})
      const batch = await reads.findImport(id)
      const row = batch && (await reads.findBasic(id, number))
      if (batch === undefined || row === undefined) return undefined
      const answer = await readAnswer(parts, batch, row, input)
      const view = await putAnswer(parts, batch, row, answer, request)
      parts.nudge()
      return view
    },
  }
}

async function releaseBatch(
  ledger: ImportLedger,
  row: ImportRow,
  { id }: Caller,
): Promise<ImportRow> {
  demandState(row, ['planned'])
  if (row.releasers.includes(id)) throw needsAnother()
  const releasers = [...row.releasers, id]
  const isLetIn = releasers.length >= releasersNeeded
  const next = stepped(row, ledger.at, {
    releasers,
    state: isLetIn ? 'released' : 'planned',
    tries: 0,
  })
  await ledger.putImport(next)
  await ledger.endNotices(about(row))
  const detail = { ...summaryOf(row), counts: row.counts }
  const action = isLetIn ? 'import.released' : 'import.endorsed'
  await ledger.audit({ action, target: about(row), detail })
  if (!isLetIn) {
    await ledger.putNotice({
      topic: 'import.second',
      about: about(row),
      name: `${row.source} #${row.seq}`,
      to: { role: 'reviewer', but: id },
      dueAt: null,
      endsAt: null,
    })
  }
  return next
}

/** What is not applied yet never is; its number counts as seen, and the next one's turn comes. */
async function putAside(ledger: ImportLedger, row: ImportRow): Promise<ImportRow> {
  demandState(row, ['received', 'planned', 'released'])
  const { doneSeq } = await ledger.lockSource(row.source)
  if (row.seq !== doneSeq + 1) throw notItsTurn()
  const next = stepped(row, ledger.at, { state: 'rolledBack' })
  await putOver(ledger, next)
  await ledger.audit({ action: 'import.rolledBack', target: about(row), detail: summaryOf(row) })
  return next
}

function pageOf<Row extends { readonly row: number }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): RowsPage<Item> {
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return { items: rows.slice(0, limit).map(toItem), next: last?.row ?? null }
}

function needsAnother(): Failure {
  const detail = say(
    '须由另一名审核员放行',
    'it needs a second reviewer, another one, to let it in',
  )
  return refusal('NOT_PERMITTED', '', 'import.second', detail)
}

function notItsTurn(): Failure {
  const detail = say('之前的批次尚未完成', 'a batch before it is not over yet')
  return refusal('STATE_CONFLICT', '', 'import.turn', detail)
}
