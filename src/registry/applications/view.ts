import type { FieldError } from '../../model/failures.ts'
import type { Fields } from '../../schemas/validate.ts'
import { derivePlacement, type Placement } from './derive.ts'
import { type Application, changedFields, warningsAbout } from './filing.ts'
import type { ApplicationReads, ApplicationRow, Rival, StepRow } from './parts.ts'
import { joinPersonal, type SubjectKeys } from './subject-keys.ts'

/** An application as those see it who filed it or decide on it. Instants are RFC 3339. */
export interface ApplicationView
  extends Pick<
    Application,
    | 'id'
    | 'kind'
    | 'state'
    | 'serial'
    | 'code'
    | 'consent'
    | 'evidence'
    | 'proof'
    | 'mandate'
    | 'filer'
    | 'reviewer'
    | 'endorsedBy'
    | 'comments'
    | 'note'
  > {
  readonly basic: Fields
  readonly warnings: readonly FieldError[]
  /** What the filed items say of region, industry and grade. */
  readonly derived: Placement
  readonly dueAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

export interface ApplicationDetail extends ApplicationView {
  readonly history: readonly (Omit<StepRow, 'at'> & { readonly at: string })[]
  /** Of a change: what is to become of what; null where nothing was known. */
  readonly changes: readonly {
    readonly field: string
    readonly from: Fields[string] | null
    readonly to: Fields[string] | null
  }[]
  /** Other applications for the same credit code that are not decided: a person chooses. */
  readonly conflicts: readonly Pick<Rival, 'id' | 'state'>[]
  /** The code of another subject that holds the proven prefix here. */
  readonly prefixHolder: string | null
}

export type ApplicationSummary = Pick<
  ApplicationRow,
  'id' | 'kind' | 'state' | 'serial' | 'name' | 'filer' | 'reviewer' | 'endorsedBy' | 'code'
> & { readonly dueAt: string | null; readonly createdAt: string; readonly updatedAt: string }

export function viewOf(application: Application): ApplicationView {
  const { id, kind, state, serial, code, fields, consent, evidence, proof, mandate } = application
  return {
    id,
    kind,
    state,
    serial,
    code,
    basic: fields,
    consent,
    evidence,
    proof,
    mandate,
    filer: application.filer,
    reviewer: application.reviewer,
    endorsedBy: application.endorsedBy,
    comments: application.comments,
    note: application.note,
    warnings: warningsAbout(fields),
    derived: derivePlacement(fields),
    ...instantsOf(application),
  }
}

/** @param keys of the application's subject */
export async function detailOf(
  application: Application,
  { reads, holderOf }: DetailParts,
  keys: SubjectKeys,
): Promise<ApplicationDetail> {
  const { id, kind, subject, usccIndex, fields, proof, code } = application
  const former = kind === 'change' ? await currentFields(reads, subject, keys) : {}
  const rivals = usccIndex === null ? [] : await reads.rivalsOf(usccIndex, id)
  const steps = await reads.stepsOf(id)
  return {
    ...viewOf(application),
    history: steps.map(step => ({ ...step, at: step.at.toISOString() })),
    changes:
      kind === 'code'
        ? []
        : changedFields(former, fields).map(field => ({
            field,
            from: former[field] ?? null,
            to: fields[field] ?? null,
          })),
    conflicts: rivals.map(rival => ({ id: rival.id, state: rival.state })),
    prefixHolder: proof === null ? null : otherThan(code, holderOf(proof.prefix)),
  }
}

interface DetailParts {
  readonly reads: ApplicationReads
  readonly holderOf: (prefix: string) => string | null
}

/** Once approved, the subject itself holds it. */
function otherThan(code: string | null, holder: string | null): string | null {
  return holder === code ? null : holder
}

/** A subject's basic information as it holds now; empty where it got its code without an application. */
export async function currentFields(
  reads: Pick<ApplicationReads, 'currentBasics'>,
  subject: string,
  keys: SubjectKeys,
): Promise<Fields> {
  const row = await reads.currentBasics(subject)
  if (row === undefined) return {}
  const place = { handle: `subject:${subject}`, version: row.serial }
  return joinPersonal(row.basic, keys.open(row.personal, place))
}

function instantsOf({
  dueAt,
  createdAt,
  updatedAt,
}: Pick<ApplicationRow, 'dueAt' | 'createdAt' | 'updatedAt'>) {
  return {
    dueAt: dueAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
