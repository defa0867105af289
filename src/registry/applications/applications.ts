import { randomBytes } from 'node:crypto'
import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { DemandLook } from '../demand-look.ts'
import type { WriteRequest } from '../identifiers.ts'
import type { ProofReads } from '../prefix-proofs/parts.ts'
import { type ProvenPrefix, readProven } from '../prefix-proofs/use-proof.ts'
import {
  about,
  afterStep,
  type Case,
  type DeskParts,
  endWaiting,
  onDesk,
  type Taken,
  takeStep,
  writeSealed,
  writeSteps,
} from './desk.ts'
import {
  type ApplicationInput,
  alreadyHasCode,
  demandRight,
  fileInto,
  withMember,
} from './file-into.ts'
import {
  type Application,
  basicPointer,
  changedFields,
  demandComplete,
  demandConsent,
  demandDeclaration,
  openApplication,
} from './filing.ts'
import { informUntil } from './notices.ts'
import type { ApplicationKind, FilingLedger, NoticeTo, NoticeTopic } from './parts.ts'
import { type ApplicationDetail, type ApplicationView, currentFields, detailOf } from './view.ts'

export interface ApplicationParts extends DeskParts {
  readonly usccIndex: (uscc: string) => string
  readonly demandLook: DemandLook
  readonly proofs: Pick<ProofReads, 'findProof'>
  /** The code of who holds a handle prefix here; null: nobody. */
  readonly holderOf: (prefix: string) => string | null
}

/** Asking for a code, and for changes of what is known (AII/002 §5): each function is one transaction. */
export interface Applications {
  create(
    input: ApplicationInput & { readonly submit?: boolean },
    request: WriteRequest,
  ): Promise<ApplicationView>
  /** Fields given replace those filed, null takes one away, the others stay. */
  edit(
    id: string,
    input: ApplicationInput,
    request: WriteRequest,
  ): Promise<ApplicationView | undefined>
  submit(id: string, request: WriteRequest): Promise<ApplicationView | undefined>
  withdraw(id: string, request: WriteRequest): Promise<ApplicationView | undefined>
  /** For those who filed it and those who may decide on it; a reviewer's look is put on record. */
  read(id: string, caller: Caller): Promise<ApplicationDetail | undefined>
}

/** Five working days and the weekend they always touch: what registries promise. */
const reviewDays = 7
/** How long a returned application waits for its filer before it counts as late. */
const mendDays = 30

export function makeApplications(parts: ApplicationParts): Applications {
  return {
    async create({ submit = false, ...input }, { caller, idempotency }) {
      parts.demand(caller, 'application.create', {})
      demandConsent(input.consent)
      demandDeclaration(input.declaration)
      const { kind, subject, isNew } = await aimOf(parts, input, caller)
      const { keys, keep } = isNew
        ? await parts.makeFirstKeys(subject)
        : { keys: await parts.keysOf(subject), keep: undefined }
      const proven = await provenIn(parts, input, caller)
      return writeSealed(
        parts,
        caller,
        async ledger => {
          const blank = blankApplication(kind, subject, caller, ledger.at)
          const theCase = { ledger, caller, keys, application: blank }
          const filed = await fileInto(theCase, input, parts.usccIndex, proven)
          const filedCase = { ...theCase, application: { ...blank, ...filed } }
          if (submit) await demandRightAndReady(filedCase, parts)
          else await demandRight(filedCase, parts.usccIndex)
          await keep?.(ledger.keyRows)
          return begin(filedCase, submit)
        },
        idempotency,
      )
    },

    async edit(id, input, request) {
      if (input.declaration !== undefined) demandDeclaration(input.declaration)
      if (input.consent !== undefined) demandConsent(input.consent)
      const proven = await provenIn(parts, input, request.caller)
      return onDesk(parts, id, 'application.edit', request, async theCase => {
        const filed = await fileInto(theCase, input, parts.usccIndex, proven)
        const application = { ...theCase.application, ...filed }
        await demandRight({ ...theCase, application }, parts.usccIndex)
        return takeStep(theCase, 'edit', filed)
      })
    },

    submit(id, request) {
      return onDesk(parts, id, 'application.edit', request, theCase => submitCase(theCase, parts))
    },

    withdraw(id, request) {
      return onDesk(parts, id, 'application.edit', request, async theCase => {
        const { ledger, application } = theCase
        const next = await takeStep(theCase, 'withdraw', { dueAt: null })
        await ledger.nameFiles(about(next), [])
        if (application.reviewer !== null) {
          await inform(ledger, next, 'application.withdrawn', { client: application.reviewer })
        }
        return next
      })
    },

    async read(id, caller) {
      const row = await parts.reads.findApplication(id)
      if (row === undefined) return undefined
      await parts.demandLook(caller, 'application.read', row, about(row))
      if (caller.role === 'reviewer') await recordLook(parts, id, caller)
      const keys = await parts.keysOf(row.subject)
      return detailOf(openApplication(row, keys), parts, keys)
    },
  }
}

/** Before the transaction, in which no other question may be asked. */
async function provenIn(
  { proofs, keysOf }: ApplicationParts,
  { proof }: ApplicationInput,
  caller: Caller,
): Promise<ProvenPrefix | undefined> {
  return proof === undefined ? undefined : readProven({ reads: proofs, keysOf }, proof, caller)
}

/** Sealed items are shown to somebody they do not belong to: that leaves a trace. */
async function recordLook({ transactions }: DeskParts, id: string, caller: Caller): Promise<void> {
  await transactions.write(caller, ledger =>
    ledger.audit({ action: 'application.read', target: `application:${id}` }),
  )
}

/** What an application is for, and about whom, before anything is written. */
async function aimOf(
  { reads }: ApplicationParts,
  { kind: asked, mandate: mandateId }: ApplicationInput,
  caller: Caller,
): Promise<{ kind: ApplicationKind; subject: string; isNew: boolean }> {
  const mandate = mandateId === undefined ? undefined : await reads.findMandate(mandateId)
  const known =
    mandateId === undefined && caller.role === 'enterprise'
      ? caller.subject
      : (mandate?.subject ?? null)
  const kind = asked ?? (known === null ? 'code' : 'change')
  if (kind === 'code' && known !== null) throw alreadyHasCode()
  if (kind === 'change' && known === null) throw new Failure('CODE_MISSING')
  return { kind, subject: known ?? randomBytes(12).toString('hex'), isNew: known === null }
}

/** An application in which nothing has been filed yet. */
export function blankApplication(
  kind: ApplicationKind,
  subject: string,
  caller: Caller,
  at: Date,
): Application {
  return {
    id: randomBytes(12).toString('hex'),
    kind,
    state: 'draft',
    serial: 1,
    subject,
    name: '',
    usccIndex: null,
    fields: {},
    consent: {},
    evidence: [],
    proof: null,
    mandate: null,
    filer: caller.id,
    filers: [],
    filerSubjects: [],
    reviewer: null,
    endorsedBy: null,
    comments: {},
    note: null,
    code: null,
    dueAt: null,
    createdAt: at,
    updatedAt: at,
  }
}

/** Writes an application that is not there yet: as a draft, or, where it is ready for it, submitted at once. */
export async function begin(theCase: Case, submit: boolean): Promise<Application> {
  const created: Taken = { step: 'create', application: theCase.application }
  if (submit) return submitFiled(theCase, created)
  await writeSteps(theCase, [created], 'insert')
  return theCase.application
}

async function submitCase(theCase: Case, parts: ApplicationParts): Promise<Application> {
  await demandRightAndReady(theCase, parts)
  return submitFiled(theCase)
}

/** Both at once, because each asks the store; both to their end, because nothing is asked after a transaction's. */
async function demandRightAndReady(
  theCase: Case,
  { usccIndex }: Pick<ApplicationParts, 'usccIndex'>,
): Promise<void> {
  const demands = [demandRight(theCase, usccIndex), demandReady(theCase)]
  for (const demanded of await Promise.allSettled(demands)) {
    if (demanded.status === 'rejected') throw demanded.reason
  }
}

/** Whether it may be put before a reviewer: complete, of some consequence, and the only one of its kind. */
export async function demandReady(theCase: Case): Promise<void> {
  const { ledger, keys, application } = theCase
  const former =
    application.kind === 'change' ? await currentFields(ledger, application.subject, keys) : {}
  demandComplete({ ...former, ...application.fields }, ledger.at)
  if (changedFields(former, application.fields).length === 0) throw nothingToChange()
  await demandAlone(theCase)
}

/**
 * Files for good what is ready: with its consent kept beside it, and put before whoever is to decide.
 * @param created the step that made it, where that is still to be written
 */
async function submitFiled(theCase: Case, created?: Taken): Promise<Application> {
  const { ledger, caller, application } = theCase
  const changes = {
    endorsedBy: null,
    dueAt: decideBy(ledger.at),
    filers: withMember(application.filers, caller.id),
    filerSubjects: withMember(application.filerSubjects, caller.subject),
  }
  const next = afterStep(application, 'submit', changes, ledger.at)
  const submitted: Taken = { step: 'submit', application: next }
  const row = created
    ? await writeSteps(theCase, [created, submitted], 'insert')
    : await writeSteps(theCase, [submitted], 'replace')
  await endWaiting(ledger, application)
  await ledger.putFiling(row)
  if (next.evidence.length > 0) await ledger.keepFiles(about(next))
  await ledger.putNotice({
    topic: 'application.decide',
    about: about(next),
    name: next.name,
    // A resubmission goes back to who returned it.
    to: next.reviewer === null ? { role: 'reviewer' } : { client: next.reviewer },
    dueAt: next.dueAt,
    endsAt: null,
  })
  return next
}

/**
 * One filer asks for one thing once, and a subject changes one thing after the other. Applications of different filers
 * for one credit code are not refused, because the first of them may be the false one: a reviewer sees both.
 */
async function demandAlone({ ledger, application }: Case): Promise<void> {
  const { id, kind, subject, usccIndex, filer } = application
  const rivals =
    kind === 'change'
      ? await ledger.openChangesOf(subject, id)
      : usccIndex === null
        ? []
        : (await ledger.rivalsOf(usccIndex, id)).filter(rival => rival.filer === filer)
  const [rival] = rivals
  if (rival === undefined) return
  throw new Failure(
    'ALREADY_EXISTS',
    say('已有一份未决的申请', 'there is an application already that is not decided'),
    { facts: { existing: { application: rival.id, state: rival.state } } },
  )
}

/** What a returned application's filer has to do, and until when. */
export function mendBy(at: Date): Date {
  return inDays(at, mendDays)
}

export function decideBy(at: Date): Date {
  return inDays(at, reviewDays)
}

function inDays(at: Date, days: number): Date {
  return new Date(at.getTime() + days * 86_400_000)
}

/** Tells somebody something that asks for nothing. */
export async function inform(
  ledger: FilingLedger,
  application: Pick<Application, 'id' | 'name'>,
  topic: NoticeTopic,
  to: NoticeTo,
): Promise<void> {
  const { name } = application
  const endsAt = informUntil(ledger.at)
  await ledger.putNotice({ topic, about: about(application), name, to, dueAt: null, endsAt })
}

function nothingToChange(): Failure {
  return invalid(basicPointer, 'change.nothing', say('没有要变更的内容', 'nothing is to change'))
}
