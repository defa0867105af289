import type { Permissions } from '../../access/permissions.ts'
import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import type { WriteRequest } from '../identifiers.ts'
import { type Application, closeApplication, openApplication } from './filing.ts'
import type {
  ApplicationReads,
  ApplicationRow,
  FilingLedger,
  FilingTransactions,
  StepRow,
} from './parts.ts'
import { type ApplicationStep, nextState } from './states.ts'
import type { AllSubjectKeys, SubjectKeys } from './subject-keys.ts'
import { type ApplicationView, viewOf } from './view.ts'

export interface DeskParts {
  readonly transactions: FilingTransactions
  readonly reads: ApplicationReads
  readonly keysOf: AllSubjectKeys['of']
  readonly makeFirstKeys: AllSubjectKeys['makeFirst']
  /** Seals what an idempotency key keeps of a write, because it may hold personal items. */
  readonly outcomes: { seal(text: string): string; open(sealed: string): string }
  readonly demand: Permissions['demand']
}

/** One application in the hands of somebody who takes a step with it. */
export interface Case {
  readonly ledger: FilingLedger
  readonly caller: Caller
  readonly keys: SubjectKeys
  readonly application: Application
}

/**
 * Runs one step on one application: locked and open, in one transaction, once the caller may and its serial is right.
 * @returns undefined where there is no such application
 */
export async function onDesk(
  parts: DeskParts,
  id: string,
  action: 'application.edit' | 'application.decide',
  { caller, ifSerial, idempotency }: WriteRequest,
  work: (theCase: Case) => Promise<Application>,
): Promise<ApplicationView | undefined> {
  const found = await parts.reads.findApplication(id)
  if (found === undefined) return undefined
  parts.demand(caller, action, found)
  // Before the transaction, in which no other question may be asked.
  const keys = await parts.keysOf(found.subject)
  return writeSealed(
    parts,
    caller,
    async ledger => {
      const row = (await ledger.lockApplication(id)) ?? found
      parts.demand(caller, action, row)
      if (ifSerial !== undefined && ifSerial !== row.serial) {
        throw new Failure('VERSION_STALE', undefined, { facts: { serial: row.serial } })
      }
      return work({ ledger, caller, keys, application: openApplication(row, keys) })
    },
    idempotency,
  )
}

/** One transaction whose outcome is an application; a repetition is shown what the first was shown. */
export async function writeSealed(
  { transactions, outcomes }: Pick<DeskParts, 'transactions' | 'outcomes'>,
  caller: Caller,
  work: (ledger: FilingLedger) => Promise<Application>,
  idempotency: WriteRequest['idempotency'],
): Promise<ApplicationView> {
  if (idempotency === undefined) return viewOf(await transactions.write(caller, work))
  const sealed = await transactions.write(
    caller,
    async ledger => outcomes.seal(JSON.stringify(viewOf(await work(ledger)))),
    idempotency,
  )
  return JSON.parse(outcomes.open(sealed))
}

/** Members that a step changes beside the state. */
export type Changes = Partial<Omit<Application, 'id' | 'kind' | 'state' | 'serial' | 'subject'>>

/** A step, and what the application is after it. */
export interface Taken extends Partial<Pick<StepRow, 'comments' | 'note'>> {
  readonly step: StepRow['step']
  readonly application: Application
}

/**
 * The application after a step, not yet written.
 * @throws Failure `STATE_CONFLICT` where its state does not allow the step
 */
export function afterStep(
  before: Application,
  step: ApplicationStep,
  changes: Changes,
  at: Date,
): Application {
  return {
    ...before,
    ...changes,
    state: nextState(before.state, step),
    serial: before.serial + 1,
    updatedAt: at,
  }
}

/** Takes a step and writes it; whatever waited about the application is done. */
export async function takeStep(
  { ledger, keys, application: before }: Omit<Case, 'caller'>,
  step: ApplicationStep,
  changes: Changes,
  said: Pick<Taken, 'comments' | 'note'> = {},
): Promise<Application> {
  const next = afterStep(before, step, changes, ledger.at)
  await writeSteps({ ledger, keys }, [{ step, application: next, ...said }], 'replace')
  if (step !== 'edit') await endWaiting(ledger, before)
  return next
}

export async function endWaiting(ledger: FilingLedger, before: Application): Promise<void> {
  // Nothing waits about a draft.
  if (before.state !== 'draft') await ledger.endNotices(about(before))
}

/**
 * Writes what an application is after the last of these steps, with its history and audit rows.
 * @returns the row as it is kept
 */
export async function writeSteps(
  { ledger, keys }: Pick<Case, 'ledger' | 'keys'>,
  taken: readonly [Taken, ...Taken[]],
  how: 'insert' | 'replace',
): Promise<ApplicationRow> {
  const last = taken.at(-1) ?? taken[0]
  const row = closeApplication(last.application, keys)
  const steps = taken.map(
    ({ step, application: { serial, state }, comments = {}, note = null }) => {
      return { step, serial, state, comments, note }
    },
  )
  await ledger.putApplication(row, steps, how)
  for (const { step, application } of taken) await auditStep(ledger, application, step)
  return row
}

/** Texts and fields stay out of the audit, which is kept for ever and never sealed. */
async function auditStep(
  ledger: FilingLedger,
  { id, kind, state, serial, code }: Application,
  step: StepRow['step'],
): Promise<void> {
  await ledger.audit({
    action: `application.${step}`,
    target: `application:${id}`,
    detail: { kind, state, serial, ...(code === null ? {} : { code }) },
  })
}

/** What notices call it. */
export function about({ id }: Pick<ApplicationRow, 'id'>): string {
  return `application:${id}`
}
