import type { SubjectStatus } from '../../model/subject.ts'
import { type Fields, readRow } from '../../schemas/validate.ts'
import { changedFields, missingFields } from '../applications/filing.ts'
import type { BasicOutcome } from './rows.ts'

/** A subject that a row of table 1 may be about. */
export interface Candidate {
  readonly id: string
  readonly status: SubjectStatus
  /** Its basic information as it holds; empty where it has none. */
  readonly former: Fields
  /** Whether a batch of the top-level node wrote that. */
  readonly isImported: boolean
  readonly serial: number
}

/** What a row says: its items, and by which of our subjects its credit code and its prefix are known. */
export interface BasicQuestion {
  readonly fields: Fields
  readonly byUscc: Candidate | undefined
  readonly byPrefix: Candidate | undefined
  /** Whether somebody whom nobody here knows gets a code without being asked. */
  readonly issueCodes: boolean
}

export interface BasicMatch {
  readonly outcome: Exclude<BasicOutcome, 'skipped'>
  readonly subject: string | null
  readonly formerSerial: number
  readonly candidates: readonly string[]
}

/**
 * Whom a row concerns, and what it would change. Where none or two of our subjects fit, or the one that fits has another
 * credit code, a person says whom it means (AII/002 §9: what comes in is joined to what it is about).
 * @throws Failure `INPUT_INVALID` where it and what is known contradict each other, such as dates out of order
 */
export function matchBasic({ fields, byUscc, byPrefix, issueCodes }: BasicQuestion): BasicMatch {
  const found = [byUscc, byPrefix].filter(each => each !== undefined)
  const candidates = [...new Set(found.map(({ id }) => id))]
  const [only] = found
  if (only === undefined) {
    const isReady = issueCodes && fields['uscc'] !== undefined && missingFields(fields).length === 0
    return { outcome: isReady ? 'added' : 'question', subject: null, formerSerial: 0, candidates }
  }
  if (candidates.length > 1 || only.status === 'revoked' || hasOtherUscc(only, fields)) {
    return { outcome: 'question', subject: null, formerSerial: 0, candidates }
  }
  return { ...joinTo(only, fields), candidates }
}

/** What a row changes of one subject. @throws Failure `INPUT_INVALID` as {@link matchBasic} */
export function joinTo(
  subject: Candidate,
  fields: Fields,
): Pick<BasicMatch, 'outcome' | 'subject' | 'formerSerial'> {
  const { id, former, isImported, serial } = subject
  const merged = mergeBasics(former, fields)
  const changed = changedFields(former, merged)
  const overwritten = changed.filter(name => former[name] !== undefined)
  const outcome =
    changed.length === 0
      ? 'unchanged'
      : overwritten.length > 0 && !isImported
        ? 'conflicting'
        : 'changed'
  return { outcome, subject: id, formerSerial: serial }
}

/**
 * The items of a row over those that are known. The credit code is for life: where it is known it stays, and where it is
 * not, a batch does not give one.
 */
export function mergeBasics(former: Fields, { uscc: _, ...fields }: Fields): Fields {
  return readRow('basic', 'production', { ...former, ...fields }, { isDraft: true }).fields
}

/** Whether a row is about a body that is another one by its credit code. */
export function hasOtherUscc({ former }: Pick<Candidate, 'former'>, fields: Fields): boolean {
  const [known, said] = [former['uscc'], fields['uscc']]
  return known !== undefined && said !== undefined && known !== said
}
