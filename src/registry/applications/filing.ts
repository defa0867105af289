import { Failure, type FieldError, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { findFieldName } from '../../schemas/field-names.ts'
import { type Fields, readRow } from '../../schemas/validate.ts'
import type { ApplicationRow } from './parts.ts'
import { joinPersonal, type SubjectKeys, splitPersonal } from './subject-keys.ts'

/** An application as the rules see it: whole and open. */
export interface Application extends Omit<ApplicationRow, 'basic' | 'personal'> {
  readonly fields: Fields
}

export function openApplication(row: ApplicationRow, keys: SubjectKeys): Application {
  const { basic, personal, ...rest } = row
  return { ...rest, fields: joinPersonal(basic, keys.open(personal, placeOf(row))) }
}

/** Sealed anew at every step, because the seal is bound to the serial. */
export function closeApplication(application: Application, keys: SubjectKeys): ApplicationRow {
  const { fields, ...rest } = application
  const { open, personal } = splitPersonal(fields)
  return { ...rest, basic: open, personal: keys.seal(personal, placeOf(application)) }
}

function placeOf({ id, serial }: { readonly id: string; readonly serial: number }) {
  return { handle: `application:${id}`, version: serial }
}

/** Where the fields stand in what a filer sends. */
export const basicPointer = '/basic'

/**
 * What a filer gave, as far as it goes: the fields by their code names, and those that were blanked.
 * @throws Failure `INPUT_INVALID` with one error for each broken field
 */
export function readGiven(
  input: unknown,
  at: Date,
): { fields: Fields; blanked: readonly string[] } {
  const context = { pointer: basicPointer, today: civilDay(at), isDraft: true }
  const { fields } = readRow('basic', 'production', input, context)
  const names = Object.keys(input as object).map(spelling => findFieldName('basic', spelling) ?? '')
  return { fields, blanked: names.filter(name => !(name in fields)) }
}

/** @throws Failure `INPUT_INVALID` with one error for each field that is missing or broken */
export function demandComplete(fields: Fields, at: Date): void {
  readRow('basic', 'production', fields, { pointer: basicPointer, today: civilDay(at) })
}

/** The code names of required items that are not there. */
export function missingFields(fields: Fields): string[] {
  try {
    readRow('basic', 'production', fields)
    return []
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return error.errors.flatMap(({ pointer, rule }) =>
      rule === 'required' ? [pointer.slice(1)] : [],
    )
  }
}

/** What a reviewer should look at, such as the check symbol of an early credit code. */
export function warningsAbout(fields: Fields): readonly FieldError[] {
  return readRow('basic', 'production', fields, { pointer: basicPointer, isDraft: true }).warnings
}

/** The code names of the fields in which the later differ from the former. */
export function changedFields(former: Fields, later: Fields): string[] {
  return Object.keys(later).filter(name => later[name] !== former[name])
}

/** Two pages of words: what a person can be said to have agreed to. */
const consentCharsMax = 8_000

/** Nothing is kept of whom did not agree to it (AII/002 §9, user authorisation before collection). */
export function demandConsent(consent: object | undefined): void {
  if (JSON.stringify(consent ?? {}).length > consentCharsMax) {
    const detail = say(
      `最多 ${consentCharsMax} 个字符`,
      `at most ${consentCharsMax} characters of JSON`,
    )
    throw invalid('/consent', 'length', detail)
  }
  if (consent !== undefined && Object.keys(consent).length > 0) return
  const detail = say(
    '缺少数据采集授权：请在 consent 中写明同意的内容',
    'the consent is missing: say in it what was agreed to',
  )
  throw new Failure('CONSENT_MISSING', detail, {
    errors: [{ pointer: '/consent', rule: 'required', detail }],
  })
}

/** AII/002 §5: what is filed is lawful, true, valid, accurate and complete, and somebody says so. */
export function demandDeclaration(declaration: boolean | undefined): void {
  if (declaration === true) return
  const detail = say(
    '须声明所填信息合法、真实、有效、准确、完整',
    'declare that what is filed is lawful, true, valid, accurate and complete',
  )
  throw invalid('/declaration', 'declaration', detail)
}

/** The day in Asia/Shanghai, which knows no summer time. */
function civilDay(at: Date): string {
  return new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 10)
}
