import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { findFieldName } from '../../schemas/field-names.ts'
import { decideBy, inform, mendBy } from '../applications/applications.ts'
import type { Placement } from '../applications/derive.ts'
import { about, type Case, type DeskParts, onDesk, takeStep } from '../applications/desk.ts'
import type { Application } from '../applications/filing.ts'
import type { Comments } from '../applications/parts.ts'
import { type ApplicationView, currentFields } from '../applications/view.ts'
import type { CodeParts } from '../codes.ts'
import type { WriteRequest } from '../identifiers.ts'
import { approveChange, approveCode } from './approve.ts'
import { needsSecond } from './risk.ts'

export const decisions = ['approve', 'return', 'reject'] as const
export type Decision = (typeof decisions)[number]

export interface DecisionInput {
  readonly decision: Decision
  /** Texts for the filer by the Chinese, English or code names of the fields they are about. */
  readonly comments?: Comments
  readonly note?: string
  /** What corrects the derived region, industry and grade. */
  readonly subject?: Partial<Placement>
}

export interface ReviewParts extends DeskParts {
  readonly codes: CodeParts
  /** Whether a client is a reviewer's, so that work can be given to it. */
  readonly isReviewer: (client: string) => Promise<boolean>
  /** This process must read its clients again: one of them acts for a subject now. */
  readonly forgetClients: () => void
}

/** Deciding on what others filed (AII/002 §5, §9): each function is one transaction. */
export interface Review {
  /** @param reviewer whom to give it to; absent: the caller takes it */
  assign(
    id: string,
    reviewer: string | undefined,
    request: WriteRequest,
  ): Promise<ApplicationView | undefined>
  decide(
    id: string,
    input: DecisionInput,
    request: WriteRequest,
  ): Promise<ApplicationView | undefined>
}

export function makeReview(parts: ReviewParts): Review {
  return {
    async assign(id, reviewer, request) {
      if (reviewer !== undefined && !(await parts.isReviewer(reviewer))) throw noReviewer()
      return onDesk(parts, id, 'application.decide', request, async theCase => {
        const next = await takeStep(theCase, 'assign', { reviewer: reviewer ?? request.caller.id })
        await putBefore(theCase, next)
        return next
      })
    },

    async decide(id, input, request) {
      const comments = readComments(input.comments ?? {})
      if (input.decision === 'return' && Object.keys(comments).length === 0 && !input.note) {
        throw nothingToMend()
      }
      const view = await onDesk(parts, id, 'application.decide', request, theCase =>
        decideOn(theCase, { ...input, comments }, parts),
      )
      if (view?.state === 'approved') parts.forgetClients()
      return view
    },
  }
}

async function decideOn(
  theCase: Case,
  { decision, comments = {}, note, subject = {} }: DecisionInput,
  { codes }: ReviewParts,
): Promise<Application> {
  const { ledger, caller, application, keys } = theCase
  const said = { comments, note: note ?? null }
  const by = { reviewer: caller.id, ...said }
  switch (decision) {
    case 'return': {
      const dueAt = mendBy(ledger.at)
      const next = await takeStep(theCase, 'return', { ...by, endorsedBy: null, dueAt }, said)
      const { name } = next
      const to = { client: next.filer }
      await ledger.putNotice({
        topic: 'application.mend',
        about: about(next),
        name,
        to,
        dueAt,
        endsAt: null,
      })
      return next
    }
    case 'reject': {
      const next = await takeStep(theCase, 'reject', { ...by, dueAt: null }, said)
      await inform(ledger, next, 'application.rejected', { client: next.filer })
      return next
    }
    case 'approve': {
      const former = await currentFields(ledger, application.subject, keys)
      if (application.endorsedBy === caller.id) throw needsAnother()
      if (needsSecond(application, former) && application.endorsedBy === null) {
        const changes = {
          ...said,
          endorsedBy: caller.id,
          reviewer: null,
          dueAt: decideBy(ledger.at),
        }
        const next = await takeStep(theCase, 'endorse', changes, said)
        await putBefore(theCase, next)
        return next
      }
      const approved =
        application.kind === 'code'
          ? await approveCode(theCase, subject, codes)
          : await approveChange(theCase, former, subject)
      const next = await takeStep(theCase, 'approve', { ...by, ...approved, dueAt: null }, said)
      await inform(ledger, next, 'application.approved', { client: next.filer })
      if (next.mandate !== null) {
        await inform(ledger, next, 'application.approved', { subject: next.subject })
      }
      return next
    }
  }
}

/** It waits for the reviewer it was given to, else for any; of two, for one who has not approved it yet. */
async function putBefore({ ledger }: Case, next: Application): Promise<void> {
  const { name, reviewer, endorsedBy, dueAt } = next
  const others = { role: 'reviewer', ...(endorsedBy === null ? {} : { but: endorsedBy }) } as const
  await ledger.putNotice({
    topic: endorsedBy === null ? 'application.decide' : 'application.second',
    about: about(next),
    name,
    to: reviewer === null ? others : { client: reviewer },
    dueAt,
    endsAt: null,
  })
}

function readComments(given: Comments): Comments {
  const named = Object.entries(given).map(([spelling, text]) => {
    const name = findFieldName('basic', spelling)
    if (name !== undefined) return [name, text] as const
    const detail = say('基本信息表没有此数据项', 'the basic information has no such item')
    throw invalid('/comments', 'unknownField', detail)
  })
  return Object.fromEntries(named)
}

function noReviewer(): Failure {
  return invalid(
    '/reviewer',
    'reviewer',
    say('该凭证不是审核员', 'this is no reviewer’s credential'),
  )
}

function nothingToMend(): Failure {
  const detail = say(
    '退回时须说明需要修改之处',
    'say what is to be mended: a comment on a field, or a note',
  )
  return invalid('/comments', 'required', detail)
}

function needsAnother(): Failure {
  const detail = say(
    '此变更须由另一名审核员复核',
    'this change needs a second reviewer, another one',
  )
  return new Failure('NOT_PERMITTED', detail, {
    errors: [{ pointer: '', rule: 'review.second', detail }],
  })
}
