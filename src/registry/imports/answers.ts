import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Fields } from '../../schemas/validate.ts'
import { missingFields } from '../applications/filing.ts'
import type { WriteRequest } from '../identifiers.ts'
import { type ApplyParts, applyBasic } from './apply.ts'
import { hasOtherUscc } from './basic-match.ts'
import { findCandidate, matchAnswer, openBasic } from './basics.ts'
import { demandCoveredStill } from './cover.ts'
import { refusal } from './faults.ts'
import { onBatch } from './on-batch.ts'
import { about, demandState, stepped } from './over.ts'
import type { BasicAnswer, BasicRow, ImportLedger, ImportRow } from './rows.ts'
import type { ImportView } from './view.ts'
import { PlanOutdated } from './write-basics.ts'

export interface AnswerParts extends ApplyParts {
  /** @throws Failure `INPUT_INVALID` where no subject has the code. @returns the subject's id */
  readonly subjectIdByCode: (code: string) => string
  readonly codeOf: (subject: string) => string | undefined
}

/** A row of which a person says whom it concerns. */
export interface ImportQuestion {
  readonly row: number
  readonly basic: Fields
  readonly prefix: string | null
  /** Codes of the subjects that it may be about. */
  readonly candidates: readonly string[]
}

/** An answer as a person gives it: the subject by its code. */
export type AnswerInput =
  | { readonly subject: string }
  | { readonly new: true }
  | { readonly skip: true }

export function questionOf(parts: AnswerParts, batch: ImportRow, row: BasicRow): ImportQuestion {
  return {
    row: row.row,
    basic: openBasic(parts, batch, row),
    prefix: row.prefix,
    candidates: row.candidates.flatMap(id => parts.codeOf(id) ?? []),
  }
}

/** @throws Failure `INPUT_INVALID` where the row itself refutes the answer */
export async function readAnswer(
  parts: AnswerParts,
  batch: ImportRow,
  row: BasicRow,
  input: AnswerInput,
): Promise<BasicAnswer> {
  if ('skip' in input) return input
  const fields = openBasic(parts, batch, row)
  if ('new' in input) {
    const missing = [...missingFields(fields), ...(row.usccIndex === null ? ['uscc'] : [])]
    if (missing.length > 0) throw incomplete(missing)
    const known = await parts.filings.findSubjectByUscc(row.usccIndex ?? '')
    if (known !== undefined) throw notNew(known.code)
    return input
  }
  const subject = parts.subjectIdByCode(input.subject)
  const candidate = await findCandidate(parts, subject)
  const known =
    row.usccIndex === null ? undefined : await parts.filings.findSubjectByUscc(row.usccIndex)
  const isOther = known !== undefined && known.id !== subject
  if (candidate === undefined || candidate.status === 'revoked') throw notThat('revoked')
  if (isOther || hasOtherUscc(candidate, fields)) throw notThat('uscc')
  return { subject }
}

export async function putAnswer(
  parts: AnswerParts,
  batch: ImportRow,
  found: BasicRow,
  answer: BasicAnswer,
  request: WriteRequest,
): Promise<ImportView | undefined> {
  const match = await matchAnswer(parts, answer, openBasic(parts, batch, found))
  if (match === undefined) throw notThat('revoked')
  const keys = new Map(
    match.subject === null ? [] : [[match.subject, await parts.keysOf(match.subject)]],
  )
  return onBatch(parts, batch.id, request, async (ledger, row, { id: answeredBy }) => {
    demandState(row, ['planned', 'applied'])
    const before = await ledger.findBasic(batch.id, found.row)
    if (before?.outcome !== 'question') throw answeredAlready()
    const answered = { ...before, ...match, answer, answeredBy, answeredAt: ledger.at }
    await ledger.putBasic(batch.id, answered)
    const detail = { row: found.row, answer: Object.keys(answer)[0] ?? '' }
    await ledger.audit({ action: 'import.answered', target: about(row), detail })
    if (row.state === 'applied') await writeNow(parts, ledger, row, answered, keys)
    const { counts, releasers } = answeredChanges(row, match.outcome)
    const changes = row.state === 'applied' ? { counts } : { counts, releasers }
    const next = stepped(row, ledger.at, changes)
    await ledger.putImport(next)
    return next
  })
}

/** A row of an applied batch, under the grant as it is now. */
async function writeNow(
  parts: AnswerParts,
  ledger: ImportLedger,
  batch: ImportRow,
  row: BasicRow,
  keys: Parameters<typeof applyBasic>[4],
): Promise<void> {
  demandCoveredStill(await ledger.lockGrant(batch.grant), { rows: 0 })
  try {
    await applyBasic(parts, ledger, batch, row, keys)
  } catch (error) {
    if (!(error instanceof PlanOutdated)) throw error
    const detail = say(
      '其间该主体已有变更，请重试',
      'the subject was changed meanwhile: say so again',
    )
    throw refusal('STATE_CONFLICT', '/subject', 'answer.outdated', detail)
  }
}

/** What a batch is to do is another thing now: whoever has released it already says so again. */
function answeredChanges(
  { counts }: ImportRow,
  outcome: BasicRow['outcome'],
): Pick<ImportRow, 'counts' | 'releasers'> {
  const counted = outcome === 'skipped' || outcome === 'question' ? 'unchanged' : outcome
  const key = counted === 'conflicting' ? 'changed' : counted
  const next = {
    ...counts,
    questions: counts.questions - 1,
    [key]: counts[key] + 1,
    conflicting: counts.conflicting + (outcome === 'conflicting' ? 1 : 0),
  }
  return { counts: next, releasers: [] }
}

function incomplete(missing: readonly string[]): Failure {
  const detail = say(
    '缺少申请企信码所需的数据项',
    'items are missing that an application for a code needs',
  )
  return new Failure('INPUT_INVALID', detail, {
    errors: missing.map(name => ({ pointer: `/${name}`, rule: 'required', detail })),
  })
}

function notNew(code: string): Failure {
  const detail = say(`该主体已有企信码 ${code}`, `that body has the code ${code}`)
  return refusal('INPUT_INVALID', '/new', 'answer.known', detail)
}

function notThat(rule: 'revoked' | 'uscc'): Failure {
  const details = {
    revoked: say('该主体的企信码已撤销', 'the code of that subject is revoked'),
    uscc: say(
      '统一社会信用代码与该主体不符',
      'the row is about a body with another credit code than that subject',
    ),
  }
  return refusal('INPUT_INVALID', '/subject', `answer.${rule}`, details[rule])
}

function answeredAlready(): Failure {
  const detail = say('此行无需再作回答', 'nobody asks about this row any more')
  return refusal('STATE_CONFLICT', '/row', 'answer.done', detail)
}
