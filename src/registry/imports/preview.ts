import { invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import {
  basicFile,
  identifiersFile,
  prefixesFile,
  readPrefixLines,
  scopeOf,
} from './batch-files.ts'
import type { RowsPage } from './desk.ts'
import { importerOf } from './importer.ts'
import { isOthers, outcomeOf, ownerOf, type PlannedChange, type PlanParts } from './plan.ts'
import { planPrefix } from './prefix-lines.ts'
import type { ImportRow } from './rows.ts'

export interface PreviewParts extends PlanParts {
  readonly codeOf: (subject: string) => string | undefined
}

export interface PreviewPage {
  readonly file: string
  /** The row of the last one shown. */
  readonly after: number
  readonly limit: number
}

/** The rows of one file of a batch, each with what it would do now. */
export async function previewOf(
  parts: PreviewParts,
  batch: ImportRow,
  page: PreviewPage,
): Promise<RowsPage<PlannedChange>> {
  const found = await changesAfter(parts, batch, { ...page, limit: page.limit + 1 })
  const items = found.slice(0, page.limit)
  return { items, next: found.length > page.limit ? (items.at(-1)?.row ?? null) : null }
}

function changesAfter(
  parts: PreviewParts,
  batch: ImportRow,
  page: PreviewPage,
): Promise<readonly PlannedChange[]> {
  switch (page.file) {
    case identifiersFile:
      return identifierChanges(parts, batch, page)
    case prefixesFile:
      return prefixChanges(parts, batch, page)
    case basicFile:
      return basicChanges(parts, batch, page)
    default:
      throw invalid('/file', 'file', say('批次中没有此文件', 'the batch has no such file'))
  }
}

async function identifierChanges(
  { staged }: PreviewParts,
  batch: ImportRow,
  { file, after, limit }: PreviewPage,
): Promise<readonly PlannedChange[]> {
  const owner = ownerOf(batch)
  const rows = await staged.plan(owner, after, limit)
  return rows.map(planned => {
    const outcome = outcomeOf(planned, owner)
    const { row, identifier: target } = planned.row
    return {
      file,
      row,
      target,
      outcome,
      isConflicting: outcome !== 'unchanged' && isOthers(planned),
    }
  })
}

async function prefixChanges(
  parts: PreviewParts,
  batch: ImportRow,
  { file, after, limit }: PreviewPage,
): Promise<readonly PlannedChange[]> {
  const grant = await parts.reads.findGrant(batch.grant)
  if (grant === undefined) return []
  const lines = (await readPrefixLines(parts, batch)).filter(({ row }) => row > after)
  const scope = scopeOf(batch, grant)
  return parts.transactions.write(importerOf(batch.source), async ledger => {
    const changes: PlannedChange[] = []
    for (const { row, line } of lines.slice(0, limit)) {
      const { outcome, isConflicting, after: to } = await planPrefix(parts, ledger, line, scope)
      const target = parts.printPrefix(to.system, to.prefix)
      changes.push({ file, row, target, outcome, isConflicting })
    }
    return changes
  })
}

async function basicChanges(
  { reads, codeOf }: PreviewParts,
  { id }: ImportRow,
  { file, after, limit }: PreviewPage,
): Promise<readonly PlannedChange[]> {
  const rows = await reads.basicsOf(id, { after, limit })
  return rows.map(({ row, subject, outcome }) => ({
    file,
    row,
    target: subject === null ? null : (codeOf(subject) ?? null),
    outcome,
    isConflicting: outcome === 'conflicting',
  }))
}
