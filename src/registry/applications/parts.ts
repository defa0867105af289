import type { Caller } from '../../model/caller.ts'
import type { Subject, SubjectStatus } from '../../model/subject.ts'
import type { Fields } from '../../schemas/validate.ts'
import type { Licence } from '../files/evidence.ts'
import type { FileWrites } from '../files/parts.ts'
import type { KeyLedger } from '../keys.ts'
import type { Mandate } from '../mandates.ts'
import type { Idempotency, Ledger } from '../parts.ts'
import type { ProofWrites } from '../prefix-proofs/parts.ts'
import type { FiledProof } from '../prefix-proofs/use-proof.ts'
import type { ApplicationState, ApplicationStep } from './states.ts'

/** For a code, or for a change of what is known of a subject that has one. */
export type ApplicationKind = 'code' | 'change'

/** A consent as its giver worded it; kept as it was given, because it is evidence. */
export type Consent = Readonly<Record<string, unknown>>

/** Texts of a reviewer by the code name of the field they are about. */
export type Comments = Readonly<Record<string, string>>

/** An application as it is stored: what is personal in it is sealed. */
export interface ApplicationRow {
  readonly id: string
  readonly kind: ApplicationKind
  readonly state: ApplicationState
  readonly serial: number
  /** The id of the subject it is about, or of the one that approval makes. */
  readonly subject: string
  readonly name: string
  readonly usccIndex: string | null
  /** Of a change, only the items that are to change. */
  readonly basic: Fields
  readonly personal: Buffer
  readonly consent: Consent
  /** The documents that stand behind it. */
  readonly evidence: readonly Licence[]
  /** Of a prefix in the identifier system, where it was filed with one. */
  readonly proof: FiledProof | null
  readonly mandate: string | null
  /** The client that began it. */
  readonly filer: string
  /** Everybody who filed in it, and the subjects they act for. */
  readonly filers: readonly string[]
  readonly filerSubjects: readonly string[]
  /** Who is to decide, once somebody is. */
  readonly reviewer: string | null
  readonly endorsedBy: string | null
  /** Of the latest decision. */
  readonly comments: Comments
  readonly note: string | null
  readonly code: string | null
  readonly dueAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface StepRow {
  readonly serial: number
  readonly at: Date
  readonly actor: string
  readonly role: string
  readonly step: 'create' | ApplicationStep
  readonly state: ApplicationState
  readonly comments: Comments
  readonly note: string | null
}

/** A subject's basic information as approved; the newest holds. */
export interface BasicsRow {
  readonly subject: string
  readonly serial: number
  readonly basic: Fields
  readonly personal: Buffer
  readonly application: string
  readonly validFrom: Date
  readonly validTo: Date | null
}

/** Another application for the same credit code that is not decided. */
export interface Rival {
  readonly id: string
  readonly filer: string
  readonly state: ApplicationState
}

/** Reading, outside a transaction and within one. */
export interface ApplicationReads {
  findApplication(id: string): Promise<ApplicationRow | undefined>
  stepsOf(application: string): Promise<readonly StepRow[]>
  /** Submitted, in review or returned, with this credit code; the application itself apart. */
  rivalsOf(usccIndex: string, application: string): Promise<readonly Rival[]>
  /** Changes of the subject that are submitted, in review or returned; the application itself apart. */
  openChangesOf(subject: string, application: string): Promise<readonly Rival[]>
  findSubjectByUscc(usccIndex: string): Promise<KnownSubject | undefined>
  currentBasics(subject: string): Promise<BasicsRow | undefined>
  findMandate(id: string): Promise<Mandate | undefined>
}

export interface KnownSubject {
  readonly id: string
  readonly code: string
  readonly status: SubjectStatus
}

/** Something that waits for somebody, or that somebody should know. */
export interface NewNotice {
  readonly topic: NoticeTopic
  readonly about: string
  readonly name: string
  readonly to: NoticeTo
  readonly dueAt: Date | null
  /** When it is over by itself; null: when what it asks for is done. */
  readonly endsAt: Date | null
}

/** A client, every client of a subject, or every one of a role but one. */
export type NoticeTo =
  | { readonly client: string }
  | { readonly subject: string }
  | { readonly role: 'reviewer' | 'operator'; readonly but?: string }

export type NoticeTopic =
  | 'application.decide'
  | 'application.second'
  | 'application.mend'
  | 'application.approved'
  | 'application.rejected'
  | 'application.withdrawn'
  | 'mandate.confirm'
  | 'subject.suspended'
  | 'subject.resumed'
  | 'subject.revoked'
  | 'mandate.claim'
  | 'mandate.confirmed'
  | 'mandate.ended'
  | 'holding.decide'
  | 'holding.approved'
  | 'holding.refused'
  | 'holding.handedOver'
  | 'holding.ended'
  | 'import.release'
  | 'import.second'
  | 'import.parked'

/** What the rules of applications write in a transaction, beside what every write may. */
export interface FilingLedger
  extends Ledger,
    ApplicationReads,
    Pick<KeyLedger, 'keyRows'>,
    FileWrites,
    ProofWrites {
  lockApplication(id: string): Promise<ApplicationRow | undefined>
  /** Writes the row and the steps that led to it. */
  putApplication(
    row: ApplicationRow,
    steps: readonly Omit<StepRow, 'at' | 'actor' | 'role'>[],
    how: 'insert' | 'replace',
  ): Promise<void>
  /** Keeps what was filed as it is now. */
  putFiling(row: ApplicationRow): Promise<void>
  /** Ends the present basic information and begins the next. */
  putBasics(
    row: Pick<BasicsRow, 'subject' | 'basic' | 'personal' | 'application' | 'serial'>,
  ): Promise<void>
  /** @param client a credential's id or a person's. @returns false, having done nothing, when it acts for another subject already */
  bindClient(client: string, subject: string): Promise<boolean>

  lockSubject(id: string): Promise<SubjectRow | undefined>
  updateSubject(subject: SubjectRow): Promise<void>

  lockMandate(id: string): Promise<Mandate | undefined>
  putMandate(mandate: Mandate, before: Mandate | undefined): Promise<void>

  /** Whatever waited about this is done. */
  endNotices(about: string): Promise<void>
  putNotice(notice: NewNotice): Promise<void>
}

export type SubjectRow = Subject & {
  /** Why it is suspended or revoked, or was resumed. */
  readonly statusReason: string | null
  readonly statusAt: Date | null
}

export interface FilingTransactions {
  /** As `Transactions.write`, with the rows of applications. */
  write<Outcome>(
    caller: Caller,
    work: (ledger: FilingLedger) => Promise<Outcome>,
    idempotency?: Idempotency,
  ): Promise<Outcome>
}
