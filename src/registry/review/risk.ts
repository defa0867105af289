import type { Fields } from '../../schemas/validate.ts'
import { type Application, changedFields } from '../applications/filing.ts'

/** Whoever is its legal representative can take an enterprise over: a false one costs it everything. */
const riskyFields: readonly string[] = ['legalRepresentative']

/** Whether two reviewers decide (复核, AII/002 §9). @param former what is known of the subject now */
export function needsSecond({ kind, fields }: Application, former: Fields): boolean {
  return kind === 'change' && changedFields(former, fields).some(name => riskyFields.includes(name))
}
