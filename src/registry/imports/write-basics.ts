import { randomBytes } from 'node:crypto'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Fields } from '../../schemas/validate.ts'
import { begin, blankApplication, demandReady } from '../applications/applications.ts'
import type { Case, DeskParts } from '../applications/desk.ts'
import { takeStep } from '../applications/desk.ts'
import { type Application, demandComplete } from '../applications/filing.ts'
import { type SubjectKeys, splitPersonal } from '../applications/subject-keys.ts'
import { currentFields } from '../applications/view.ts'
import type { CodeParts } from '../codes.ts'
import { replaceSubject } from '../enterprises.ts'
import { approveCode } from '../review/approve.ts'
import { mergeBasics } from './basic-match.ts'
import { aboutImport } from './basics.ts'
import { importerOf } from './importer.ts'
import type { BasicRow, ImportLedger, ImportRow } from './rows.ts'

export interface WriteBasicParts extends Pick<DeskParts, 'makeFirstKeys'> {
  readonly codes: CodeParts
  readonly issueCodes: () => boolean
}

/** One row, open, and the batch it came in. */
export interface OpenBasic {
  readonly batch: ImportRow
  readonly row: BasicRow
  readonly fields: Fields
}

/**
 * Writes what a row changes of a known subject as an approved change: the former information stays, with the time for
 * which it held.
 * @throws PlanOutdated when somebody has changed it since the row was compared
 */
export async function changeBasics(
  ledger: ImportLedger,
  { batch, row, fields }: OpenBasic,
  keys: SubjectKeys,
): Promise<BasicRow> {
  const subject = row.subject === null ? undefined : await ledger.lockSubject(row.subject)
  if (subject === undefined || subject.status === 'revoked') throw new PlanOutdated()
  const current = await ledger.currentBasics(subject.id)
  if ((current?.serial ?? 0) !== row.formerSerial) throw new PlanOutdated()
  const merged = mergeBasics(await currentFields(ledger, subject.id, keys), fields)
  const serial = row.formerSerial + 1
  await putBasics(ledger, { subject: subject.id, serial, about: aboutImport(batch) }, merged, keys)
  const name = String(merged['producerName'] ?? subject.name)
  await replaceSubject(ledger, { ...subject, name }, importerOf(batch.source))
  await ledger.audit({
    action: 'enterprise.imported',
    target: subject.code,
    detail: { import: batch.id, grant: batch.grant, row: row.row, fields: Object.keys(fields) },
  })
  await ledger.putWritten(batch.id, {
    target: `basics:${subject.id}`,
    row: row.row,
    serial,
    before: null,
  })
  return { ...row, writtenSerial: serial }
}

export async function putBasics(
  ledger: ImportLedger,
  { subject, serial, about }: { subject: string; serial: number; about: string },
  fields: Fields,
  keys: SubjectKeys,
): Promise<void> {
  const { open, personal } = splitPersonal(fields)
  const sealed = keys.seal(personal, { handle: `subject:${subject}`, version: serial })
  await ledger.putBasics({ subject, serial, basic: open, personal: sealed, application: about })
}

/**
 * Files a row about somebody whom nobody here knows as an application for a code that stands on the grant. A reviewer
 * decides on it, unless codes are issued to whoever comes in (AII/002 §5: a subject of the identifier system does not
 * type in what that knows).
 */
export async function fileNew(
  parts: WriteBasicParts,
  ledger: ImportLedger,
  { batch, row, fields }: OpenBasic,
): Promise<BasicRow> {
  demandComplete(fields, ledger.at)
  if (row.usccIndex === null) throw withoutUscc()
  const known = await ledger.findSubjectByUscc(row.usccIndex)
  if (known !== undefined) throw new PlanOutdated()
  const caller = importerOf(batch.source)
  const subject = randomBytes(12).toString('hex')
  const { keys, keep } = await parts.makeFirstKeys(subject)
  const application = importedApplication(
    batch,
    { subject, usccIndex: row.usccIndex, fields },
    ledger.at,
  )
  const proof = await putGrantedPrefix(ledger, { batch, row, fields }, application.id)
  const theCase: Case = { ledger, caller, keys, application: { ...application, proof } }
  await demandReady(theCase)
  await keep(ledger.keyRows)
  const submitted = await begin(theCase, true)
  await ledger.putWritten(batch.id, {
    target: `application:${application.id}`,
    row: row.row,
    serial: submitted.serial,
    before: null,
  })
  if (parts.issueCodes()) await issue(parts, { ...theCase, application: submitted })
  return { ...row, application: application.id }
}

async function issue({ codes }: WriteBasicParts, theCase: Case): Promise<void> {
  const approved = await approveCode(theCase, {}, codes)
  await takeStep(theCase, 'approve', { ...approved, dueAt: null })
}

function importedApplication(
  { id, source, grant }: ImportRow,
  { subject, usccIndex, fields }: { subject: string; usccIndex: string; fields: Fields },
  at: Date,
): Application {
  const importer = importerOf(source)
  return {
    ...blankApplication('code', subject, importer, at),
    name: String(fields['producerName']),
    usccIndex,
    fields,
    // In place of a consent: what came in stands on its grant.
    consent: { basis: 'grant', grant, import: id },
    filers: [importer.id],
  }
}

/** How long an application with a prefix that a grant vouches for may wait: as long as one with a proof. */
const proofMs = 30 * 86_400_000

/** The prefix of a row becomes its subject's when the code is issued, as one that was proven does. */
async function putGrantedPrefix(
  ledger: ImportLedger,
  { batch, row, fields }: OpenBasic,
  application: string,
): Promise<Application['proof']> {
  const { prefix } = row
  if (prefix === null) return null
  const id = randomBytes(12).toString('hex')
  await ledger.putProof(
    {
      id,
      prefix,
      client: importerOf(batch.source).id,
      state: 'proven',
      challenge: randomBytes(32),
      attempts: 0,
      until: new Date(ledger.at.getTime() + proofMs),
      method: 'grant',
      key: batch.grant,
      basic: {},
      personal: null,
      sites: [],
      application,
      createdAt: ledger.at,
      provenAt: ledger.at,
    },
    'insert',
  )
  return { id, prefix, method: 'grant', key: batch.grant, fields: Object.keys(fields) }
}

/** What was compared is not so any more: it is to be planned again. */
export class PlanOutdated extends Error {
  override readonly name = 'PlanOutdated'
}

function withoutUscc(): Failure {
  const detail = say('缺少统一社会信用代码', 'the unified social credit code is missing')
  return new Failure('INPUT_INVALID', detail, {
    errors: [{ pointer: '/uscc', rule: 'required', detail }],
  })
}
