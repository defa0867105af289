import { randomBytes } from 'node:crypto'
import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Fields } from '../../schemas/validate.ts'
import type { WriteRequest } from '../identifiers.ts'
import { demandMandate } from '../mandates.ts'
import {
  about,
  auditStep,
  type Case,
  type DeskParts,
  onDesk,
  takeStep,
  writeSealed,
} from './desk.ts'
import {
  type Application,
  basicPointer,
  changedFields,
  closeApplication,
  demandComplete,
  demandConsent,
  demandDeclaration,
  openApplication,
  readGiven,
} from './filing.ts'
import { informUntil } from './notices.ts'
import type { ApplicationKind, Consent, FilingLedger, NoticeTo, NoticeTopic } from './parts.ts'
import { type ApplicationDetail, type ApplicationView, currentFields, detailOf } from './view.ts'

export interface ApplicationInput {
  /** Table 1 by Chinese, English or code names; of a change, what is to change. */
  readonly basic?: Readonly<Record<string, unknown>>
  readonly kind?: ApplicationKind
  readonly mandate?: string
  readonly consent?: Consent
  readonly declaration?: boolean
}

export interface ApplicationParts extends DeskParts {
  readonly usccIndex: (uscc: string) => string
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
      const { kind, subject } = await aimOf(parts, input, caller)
      const keys = await parts.keysOf(subject)
      return writeSealed(
        parts,
        caller,
        async ledger => {
          const blank = blankApplication(kind, subject, caller, ledger.at)
          const filed = await fileInto({ ledger, caller, keys, application: blank }, input, parts)
          const application = { ...blank, ...filed }
          const row = closeApplication(application, keys)
          await ledger.putApplication(row, { step: 'create', comments: {}, note: null }, 'insert')
          await auditStep(ledger, application, 'create')
          return submit ? submitCase({ ledger, caller, keys, application }, parts) : application
        },
        idempotency,
      )
    },

    edit(id, input, request) {
      if (input.declaration !== undefined) demandDeclaration(input.declaration)
      if (input.consent !== undefined) demandConsent(input.consent)
      return onDesk(parts, id, 'application.edit', request, async theCase => {
        return takeStep(theCase, 'edit', await fileInto(theCase, input, parts))
      })
    },

    submit(id, request) {
      return onDesk(parts, id, 'application.edit', request, theCase => submitCase(theCase, parts))
    },

    withdraw(id, request) {
      return onDesk(parts, id, 'application.edit', request, async theCase => {
        const { ledger, application } = theCase
        const next = await takeStep(theCase, 'withdraw', { dueAt: null })
        if (application.reviewer !== null) {
          await inform(ledger, next, 'application.withdrawn', { client: application.reviewer })
        }
        return next
      })
    },

    async read(id, caller) {
      const row = await parts.reads.findApplication(id)
      if (row === undefined) return undefined
      parts.demand(caller, 'application.read', row)
      if (caller.role === 'reviewer') await recordLook(parts, id, caller)
      const keys = await parts.keysOf(row.subject)
      return detailOf(openApplication(row, keys), parts.reads, keys)
    },
  }
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
): Promise<{ kind: ApplicationKind; subject: string }> {
  const mandate = mandateId === undefined ? undefined : await reads.findMandate(mandateId)
  const known =
    mandateId === undefined && caller.role === 'enterprise'
      ? caller.subject
      : (mandate?.subject ?? null)
  const kind = asked ?? (known === null ? 'code' : 'change')
  if (kind === 'code' && known !== null) throw alreadyHasCode()
  if (kind === 'change' && known === null) throw new Failure('CODE_MISSING')
  return { kind, subject: known ?? randomBytes(12).toString('hex') }
}

function blankApplication(
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

/** The members of an application that a filer fills. */
type Filed = Pick<
  Application,
  'fields' | 'name' | 'usccIndex' | 'consent' | 'mandate' | 'filers' | 'filerSubjects'
>

/** Puts what was given over what was filed before; everything that can be refused without the rest is. */
async function fileInto(
  { ledger, caller, application }: Case,
  input: ApplicationInput,
  { usccIndex }: ApplicationParts,
): Promise<Filed> {
  const { fields: given, blanked } = readGiven(input.basic ?? {}, ledger.at)
  const fields = without({ ...application.fields, ...given }, blanked)
  // Once more together, because dates are compared with each other.
  readGiven(fields, ledger.at)
  const uscc = fields['uscc']
  const filed: Filed = {
    fields,
    name: await nameOf(ledger, application, fields),
    usccIndex: application.kind === 'code' && uscc !== undefined ? usccIndex(String(uscc)) : null,
    consent: input.consent ?? application.consent,
    mandate: input.mandate ?? application.mandate,
    filers: withMember(application.filers, caller.id),
    filerSubjects: withMember(application.filerSubjects, caller.subject),
  }
  await demandRight(ledger, { ...application, ...filed }, caller, usccIndex)
  return filed
}

/** What it is called in lists: of a change, what the subject is called now. */
async function nameOf(
  ledger: FilingLedger,
  application: Application,
  fields: Fields,
): Promise<string> {
  if (application.kind === 'code') return String(fields['producerName'] ?? '')
  const subject = await ledger.lockSubject(application.subject)
  if (subject?.status !== 'revoked') return subject?.name ?? ''
  throw new Failure(
    'STATE_CONFLICT',
    say('该主体的企信码已撤销', 'the code of the subject is revoked'),
  )
}

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

function withMember(members: readonly string[], member: string | null): readonly string[] {
  return member === null || members.includes(member) ? members : [...members, member]
}

/** Whether this caller may file this about this subject: for itself, or under a mandate; and never a second code. */
async function demandRight(
  ledger: FilingLedger,
  application: Application,
  caller: Caller,
  usccIndex: (uscc: string) => string,
): Promise<void> {
  const { kind, subject, fields, mandate } = application
  const uscc = fields['uscc']
  const index = uscc === undefined ? undefined : usccIndex(String(uscc))
  if (caller.role === 'agent' || mandate !== null) {
    const found = mandate === null ? undefined : await ledger.lockMandate(mandate)
    demandMandate(found, { caller, kind, subject, usccIndex: index, at: ledger.at })
  }
  const known = index === undefined ? undefined : await ledger.findSubjectByUscc(index)
  if (kind === 'code' && known !== undefined) {
    throw alreadyHasCode(known.status)
  }
  if (kind === 'change' && index !== undefined && known?.id !== subject) {
    throw invalid(
      `${basicPointer}/uscc`,
      'change.uscc',
      say('统一社会信用代码终身不变', 'the credit code is for life and never changes'),
    )
  }
}

/** Files it for good: complete, with its consent kept beside it, and put before whoever is to decide. */
async function submitCase(theCase: Case, { usccIndex }: ApplicationParts): Promise<Application> {
  const { ledger, caller, keys, application } = theCase
  await demandRight(ledger, application, caller, usccIndex)
  const former =
    application.kind === 'change' ? await currentFields(ledger, application.subject, keys) : {}
  demandComplete({ ...former, ...application.fields }, ledger.at)
  if (changedFields(former, application.fields).length === 0) throw nothingToChange()
  await demandAlone(theCase)
  const next = await takeStep(theCase, 'submit', {
    endorsedBy: null,
    dueAt: decideBy(ledger.at),
    filers: withMember(application.filers, caller.id),
    filerSubjects: withMember(application.filerSubjects, caller.subject),
  })
  await ledger.putFiling(closeApplication(next, keys))
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

/** One active code per subject, for ever (AII/002 §2, §3). */
export function alreadyHasCode(status?: string): Failure {
  return new Failure(
    'ALREADY_EXISTS',
    say(
      '该主体已有企信码；变更信息请提交变更申请',
      'the subject has a code; apply for a change instead',
    ),
    { facts: { existing: { state: status ?? 'active' } } },
  )
}

function nothingToChange(): Failure {
  return invalid(basicPointer, 'change.nothing', say('没有要变更的内容', 'nothing is to change'))
}
