import type { Permissions } from '../access/permissions.ts'
import type { Caller } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import type { Prefix } from '../model/prefix.ts'
import type { Subject, SubjectStatus } from '../model/subject.ts'
import { say } from '../model/text.ts'
import type { Fields } from '../schemas/validate.ts'
import type { Placement } from './applications/derive.ts'
import { informUntil } from './applications/notices.ts'
import type {
  ApplicationReads,
  FilingLedger,
  FilingTransactions,
  NewNotice,
  SubjectRow,
} from './applications/parts.ts'
import type { SubjectKeys } from './applications/subject-keys.ts'
import { currentFields } from './applications/view.ts'
import type { WriteRequest } from './identifiers.ts'

export interface EnterpriseParts {
  readonly transactions: FilingTransactions
  readonly reads: Pick<ApplicationReads, 'currentBasics'>
  readonly keysOf: (subject: string) => Promise<SubjectKeys>
  /** @param code in any spelling. @throws Failure `IDENTIFIER_MALFORMED` */
  readonly subjectByCode: (code: string) => Subject | undefined
  /** Its prefixes that answer. */
  readonly prefixesOf: (subject: string) => readonly Pick<Prefix, 'system' | 'prefix' | 'uses'>[]
  readonly findSubject: (id: string) => Promise<SubjectRow | undefined>
  readonly permissions: Pick<Permissions, 'may' | 'demand'>
}

export interface StatusReason {
  readonly reason: string
  /** The code that takes over. */
  readonly successor?: string
}

/** What anyone may know of a subject, and what it and its reviewers know beside that. */
export interface EnterpriseView extends Pick<Subject, 'code' | 'name' | 'status' | 'successor'> {
  /** Why it is not active. */
  readonly reason: string | null
  readonly region: string | null
  readonly industry: string | null
  readonly prefixes: readonly Pick<Prefix, 'system' | 'prefix' | 'uses'>[]
  readonly whole?: {
    readonly grade: string | null
    /** Table 1 as approved; empty where the subject got its code without an application. */
    readonly basic: Fields
    /** Since when it holds, RFC 3339. */
    readonly basicSince: string | null
  }
}

/** What happens to a subject after it has its code: each function that writes is one transaction. */
export interface Enterprises {
  /** @throws Failure `IDENTIFIER_UNKNOWN`; asks the store only for what the public card of an active subject has not */
  read(code: string, caller: Caller): Promise<EnterpriseView>
  suspend(code: string, why: StatusReason, request: WriteRequest): Promise<SubjectRow>
  resume(code: string, why: StatusReason, request: WriteRequest): Promise<SubjectRow>
  /** For good: the code stays known as revoked, and nobody gets it again. */
  revoke(code: string, why: StatusReason, request: WriteRequest): Promise<SubjectRow>
  /** Corrects what was derived from the filed items. */
  place(code: string, placement: Partial<Placement>, request: WriteRequest): Promise<SubjectRow>
}

type StatusStep = 'suspend' | 'resume' | 'revoke'

/** From where each step leads where; what is not here is not allowed. */
const statusSteps: Readonly<
  Record<StatusStep, { readonly from: readonly SubjectStatus[]; readonly to: SubjectStatus }>
> = {
  suspend: { from: ['active'], to: 'suspended' },
  resume: { from: ['suspended'], to: 'active' },
  revoke: { from: ['active', 'suspended'], to: 'revoked' },
}

const notices = {
  suspend: 'subject.suspended',
  resume: 'subject.resumed',
  revoke: 'subject.revoked',
} as const satisfies Record<StatusStep, NewNotice['topic']>

export function makeEnterprises(parts: EnterpriseParts): Enterprises {
  const { transactions, permissions } = parts

  function known(code: string): Subject {
    const subject = parts.subjectByCode(code)
    if (subject === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
    return subject
  }

  async function change(
    code: string,
    { caller, ifSerial, idempotency }: WriteRequest,
    work: (ledger: FilingLedger, subject: SubjectRow) => Promise<SubjectRow>,
  ): Promise<SubjectRow> {
    const { id } = known(code)
    permissions.demand(caller, 'enterprise.decide', { subject: id })
    const outcome = await transactions.write(
      caller,
      async ledger => {
        const subject = await ledger.lockSubject(id)
        if (subject === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
        return replaceSubject(ledger, await work(ledger, subject), caller, ifSerial)
      },
      idempotency,
    )
    // A repetition's outcome has been through JSON.
    return { ...outcome, statusAt: outcome.statusAt && new Date(outcome.statusAt) }
  }

  function turn(step: StatusStep) {
    return (code: string, { reason, successor }: StatusReason, request: WriteRequest) =>
      change(code, request, async (ledger, subject) => {
        const { from, to } = statusSteps[step]
        if (!from.includes(subject.status)) throw notFrom(subject.status)
        const next =
          step === 'resume'
            ? { ...subject, successor: null }
            : await withSuccessor(ledger, subject, successor, parts)
        await ledger.audit({
          action: `enterprise.${step}`,
          target: subject.code,
          detail: { reason, successor: next.successor },
        })
        await ledger.putNotice({
          topic: notices[step],
          about: subject.code,
          name: subject.name,
          to: { subject: subject.id },
          dueAt: null,
          endsAt: informUntil(ledger.at),
        })
        return { ...next, status: to, statusReason: reason, statusAt: ledger.at }
      })
  }

  return {
    async read(code, caller) {
      const subject = known(code)
      const { id, name, status, successor, region, industry, grade } = subject
      const row = status === 'active' ? undefined : await parts.findSubject(id)
      const card: EnterpriseView = {
        code: subject.code,
        name,
        status,
        successor,
        reason: row?.statusReason ?? null,
        region,
        industry,
        prefixes: parts
          .prefixesOf(id)
          .map(({ system, prefix, uses }) => ({ system, prefix, uses })),
      }
      if (!permissions.may(caller, 'enterprise.basics', { subject: id })) return card
      return { ...card, whole: { grade, ...(await readBasics(parts, subject, caller)) } }
    },

    suspend: turn('suspend'),
    resume: turn('resume'),
    revoke: turn('revoke'),
    place: (code, placement, request) =>
      change(code, request, async (ledger, subject) => {
        await ledger.audit({
          action: 'enterprise.place',
          target: subject.code,
          detail: { ...placement },
        })
        return { ...subject, ...placement }
      }),
  }
}

/** Sealed items are shown to somebody they do not belong to: that leaves a trace. */
async function readBasics(
  { transactions, reads, keysOf }: EnterpriseParts,
  { id, code }: Subject,
  caller: Caller,
): Promise<{ basic: Fields; basicSince: string | null }> {
  if (caller.subject !== id) {
    await transactions.write(caller, ledger =>
      ledger.audit({ action: 'enterprise.read', target: code }),
    )
  }
  const current = await reads.currentBasics(id)
  return {
    basic: await currentFields(reads, id, await keysOf(id)),
    basicSince: current?.validFrom.toISOString() ?? null,
  }
}

/** Writes a subject and the record of its code: from then on every door answers with it. */
export async function replaceSubject(
  ledger: FilingLedger,
  subject: SubjectRow,
  caller: Caller,
  ifSerial?: number,
): Promise<SubjectRow> {
  const before = await ledger.lockRecord(subject.code.toLowerCase())
  if (before === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
  if (ifSerial !== undefined && ifSerial !== before.serial) {
    throw new Failure('VERSION_STALE', undefined, { facts: { serial: before.serial } })
  }
  const serial = before.serial + 1
  const updatedAt = ledger.at.toISOString()
  await ledger.putRecord({ ...before, submitter: caller.id, serial, updatedAt }, before)
  await ledger.updateSubject(subject)
  await ledger.announce({
    identifier: before.identifier,
    prefix: before.prefix,
    serial,
    op: 'replaced',
    kind: 'subject',
    keys: [before.key],
    directory: { prefixes: [], subjects: [subject.id] },
  })
  return subject
}

async function withSuccessor(
  ledger: FilingLedger,
  subject: SubjectRow,
  code: string | undefined,
  { subjectByCode }: EnterpriseParts,
): Promise<SubjectRow> {
  if (code === undefined) return subject
  const named = subjectByCode(code)
  const successor =
    named === undefined || named.id === subject.id ? undefined : await ledger.lockSubject(named.id)
  if (successor !== undefined && successor.status !== 'revoked') {
    return { ...subject, successor: successor.code }
  }
  throw invalid(
    '/successor',
    'successor',
    say('接替者须为另一个未撤销的企信码', 'the successor is another code that is not revoked'),
  )
}

function notFrom(status: SubjectStatus): Failure {
  const detail = say(`企信码处于 ${status} 状态`, `the code is ${status}; that forbids this`)
  return new Failure('STATE_CONFLICT', detail, { facts: { status } })
}
