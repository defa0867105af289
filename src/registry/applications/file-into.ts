import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Fields } from '../../schemas/validate.ts'
import { type EvidenceInput, nameEvidence, readEvidence } from '../files/evidence.ts'
import { demandMandate } from '../mandates.ts'
import { type ProvenPrefix, stillSaid, takeProof } from '../prefix-proofs/use-proof.ts'
import { about, type Case } from './desk.ts'
import { type Application, basicPointer, readGiven } from './filing.ts'
import type { ApplicationKind, Consent, FilingLedger } from './parts.ts'

export interface ApplicationInput {
  /** Table 1 by Chinese, English or code names; of a change, what is to change. */
  readonly basic?: Readonly<Record<string, unknown>>
  readonly kind?: ApplicationKind
  readonly mandate?: string
  readonly consent?: Consent
  readonly declaration?: boolean
  /** The documents that stand behind it: all of them, each time some are given. */
  readonly evidence?: readonly EvidenceInput[]
  /** The id of a prefix proof: what that prefix's record says is filed with it. */
  readonly proof?: string
}

/** The members of an application that a filer fills. */
type Filed = Pick<
  Application,
  | 'fields'
  | 'name'
  | 'usccIndex'
  | 'consent'
  | 'evidence'
  | 'proof'
  | 'mandate'
  | 'filers'
  | 'filerSubjects'
>

/**
 * Puts what was given over what was filed before, and that over what a prefix's record says; everything that can be
 * refused without the rest is.
 */
export async function fileInto(
  theCase: Case,
  input: ApplicationInput,
  usccIndex: (uscc: string) => string,
  proven: ProvenPrefix | undefined,
): Promise<Filed> {
  const { ledger, caller, application } = theCase
  const { fields: given, blanked } = readGiven(input.basic ?? {}, ledger.at)
  const fields = without({ ...proven?.said, ...application.fields, ...given }, blanked)
  // Once more together, because dates are compared with each other.
  if (Object.keys(fields).length > Object.keys(given).length) readGiven(fields, ledger.at)
  const uscc = fields['uscc']
  return {
    fields,
    name: await nameOf(ledger, application, fields),
    usccIndex: application.kind === 'code' && uscc !== undefined ? usccIndex(String(uscc)) : null,
    consent: input.consent ?? application.consent,
    evidence: await fileEvidence(theCase, input.evidence),
    proof: await fileProof(theCase, fields, proven),
    mandate: input.mandate ?? application.mandate,
    filers: withMember(application.filers, caller.id),
    filerSubjects: withMember(application.filerSubjects, caller.subject),
  }
}

async function fileEvidence(
  { ledger, caller, application }: Case,
  given: ApplicationInput['evidence'],
): Promise<Application['evidence']> {
  const before = application.evidence
  if (given === undefined) return before
  const evidence = readEvidence(given)
  const named = {
    about: about(application),
    files: evidence.map(({ file }) => file),
    before: before.map(({ file }) => file),
  }
  await nameEvidence(ledger, caller, named, position => `/evidence/${position}`)
  return evidence
}

async function fileProof(
  { ledger, application }: Case,
  fields: Fields,
  proven: ProvenPrefix | undefined,
): Promise<Application['proof']> {
  if (proven === undefined) return stillSaid(application.proof, application.fields, fields)
  if (application.kind === 'change') {
    const detail = say(
      '前缀证明仅用于申请企信码',
      'a proof is filed with an application for a code',
    )
    throw invalid('/proof', 'proof.change', detail)
  }
  const { said, ...proof } = proven
  await takeProof(ledger, proof.id, application.id)
  const names = Object.keys(said).filter(name => said[name] === fields[name])
  return { ...proof, fields: names }
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

export function withMember(members: readonly string[], member: string | null): readonly string[] {
  return member === null || members.includes(member) ? members : [...members, member]
}

/** Whether this caller may file this about this subject: for itself, or under a mandate; and never a second code. */
export async function demandRight(
  { ledger, caller, application }: Case,
  usccIndex: (uscc: string) => string,
): Promise<void> {
  const { kind, subject, fields, mandate } = application
  const uscc = fields['uscc']
  const index = application.usccIndex ?? (uscc === undefined ? undefined : usccIndex(String(uscc)))
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
