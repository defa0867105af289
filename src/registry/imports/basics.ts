import type { Prefix } from '../../model/prefix.ts'
import type { Subject } from '../../model/subject.ts'
import { type Fields, readRow } from '../../schemas/validate.ts'
import type { ApplicationReads } from '../applications/parts.ts'
import { type AllSubjectKeys, joinPersonal, splitPersonal } from '../applications/subject-keys.ts'
import { currentFields } from '../applications/view.ts'
import { type Candidate, joinTo, matchBasic } from './basic-match.ts'
import { basicFile, hasFile } from './batch-files.ts'
import { atRow, beyondFields, beyondGrant, inFile, onRow, repeated } from './faults.ts'
import { importerOf, isImporter } from './importer.ts'
import { type Line, type PieceParts, readLines } from './pieces.ts'
import { readBasicLine, readMembers } from './read-rows.ts'
import type { BasicAnswer, BasicRow, ImportReads, ImportRow, ImportTransactions } from './rows.ts'
import { nameOf, type Reading } from './stage.ts'

export interface BasicParts extends PieceParts {
  readonly transactions: ImportTransactions
  readonly filings: Pick<
    ApplicationReads,
    'findSubjectByUscc' | 'currentBasics' | 'findApplication'
  >
  readonly reads: ImportReads
  readonly keysOf: AllSubjectKeys['of']
  readonly usccIndex: (uscc: string) => string
  readonly subjectById: (id: string) => Subject | undefined
  readonly findHandlePrefix: (prefix: string) => Prefix | undefined
  /** @throws Failure `INPUT_INVALID` where the text is no handle prefix */
  readonly parseHandlePrefix: (text: string) => string
  /** Whether somebody whom nobody here knows gets a code without a person being asked. */
  readonly issueCodes: () => boolean
  readonly now: () => Date
}

/** Rows written in one transaction while a batch is read. */
const rowsPerWrite = 100

/** Reads the rows of table 1 and finds out whom each concerns. */
export async function stageBasics(parts: BasicParts, reading: Reading): Promise<void> {
  const { transactions } = parts
  const { batch, onward } = reading
  if (!hasFile(batch, basicFile)) return
  const importer = importerOf(batch.source)
  const seen = new Set<string>()
  await inFile(basicFile, async () => {
    for await (const lines of readLines(parts, batch.id, basicFile)) {
      for (let at = 0; at < lines.length; at += rowsPerWrite) {
        const rows: BasicRow[] = []
        for (const line of lines.slice(at, at + rowsPerWrite)) {
          rows.push(await stageLine(parts, reading, line, seen))
        }
        await transactions.write(importer, async ledger => {
          for (const row of rows) await ledger.putBasic(batch.id, row)
        })
        await onward()
      }
    }
  })
}

async function stageLine(
  parts: BasicParts,
  reading: Reading,
  { row, text }: Line,
  seen: Set<string>,
): Promise<BasicRow> {
  const { fields, prefix } = onRow(row, () => readLine(parts, reading, text))
  const uscc = fields['uscc']
  const usccIndex = uscc === undefined ? null : parts.usccIndex(String(uscc))
  const owner = prefix === null ? null : ownerOf(parts, reading, prefix)
  const known = usccIndex === null ? undefined : await parts.filings.findSubjectByUscc(usccIndex)
  const byUscc = known && (await findCandidate(parts, known.id))
  const byPrefix = owner === null ? undefined : await findCandidate(parts, owner)
  const match = onRow(row, () =>
    matchBasic({ fields, byUscc, byPrefix, issueCodes: parts.issueCodes() }),
  )
  // A person's answer outlives being read again.
  const answered = await parts.reads.findBasic(reading.batch.id, row)
  // Two rows about one subject would each be compared with what was there before either.
  for (const name of [usccIndex, match.subject].filter(each => each !== null)) {
    if (seen.has(name)) throw atRow(repeated(), row)
    seen.add(name)
  }
  const { open, personal } = splitPersonal(fields)
  return {
    row,
    basic: open,
    personal: parts.sealing.seal(
      Buffer.from(JSON.stringify(personal)),
      placeOf(reading.batch, row),
    ),
    usccIndex,
    prefix,
    ...match,
    ...(await answeredAgain(parts, answered, fields)),
    writtenSerial: null,
    application: null,
  }
}

type Answered = Pick<BasicRow, 'answer' | 'answeredBy' | 'answeredAt'> &
  (AnswerMatch | Record<never, never>)

/** What a person has said already of a row, compared with what is here now. */
async function answeredAgain(
  parts: BasicParts,
  former: BasicRow | undefined,
  fields: Fields,
): Promise<Answered> {
  const { answer = null, answeredBy = null, answeredAt = null } = former ?? {}
  const said = { answer, answeredBy, answeredAt }
  if (answer === null) return said
  return { ...said, ...(await matchAnswer(parts, answer, fields)) }
}

type AnswerMatch = Pick<BasicRow, 'outcome' | 'subject' | 'formerSerial'>

/** What a row becomes by what a person says of it. @returns undefined where that subject is there no more */
export async function matchAnswer(
  parts: Pick<BasicParts, 'filings' | 'keysOf' | 'subjectById'>,
  answer: BasicAnswer,
  fields: Fields,
): Promise<AnswerMatch | undefined> {
  if ('skip' in answer) return { outcome: 'skipped', subject: null, formerSerial: 0 }
  if ('new' in answer) return { outcome: 'added', subject: null, formerSerial: 0 }
  const candidate = await findCandidate(parts, answer.subject)
  return candidate && joinTo(candidate, fields)
}

function readLine(
  { parseHandlePrefix, now }: BasicParts,
  { grant, scope }: Reading,
  text: string,
): { fields: Fields; prefix: string | null } {
  const { prefix: said, items } = readBasicLine(readMembers(text))
  const today = new Date(now().getTime() + shanghaiMs).toISOString().slice(0, 10)
  const { fields } = readRow('basic', 'production', { ...items }, { today, isDraft: true })
  const granted = grant.fields['basic']
  const beyond = Object.keys(fields).find(
    // By its credit code a row finds its subject, whatever it may say of it.
    name => name !== 'uscc' && granted !== undefined && !granted.includes(name),
  )
  if (beyond !== undefined) throw beyondFields(`/${beyond}`)
  const prefix = said === null ? null : parseHandlePrefix(said)
  if (prefix !== null && !scope('handle', prefix)) throw beyondGrant('/prefix')
  return { fields, prefix }
}

/** Asia/Shanghai, which knows no summer time. */
const shanghaiMs = 8 * 3_600_000

function ownerOf(
  { findHandlePrefix }: BasicParts,
  { said }: Reading,
  prefix: string,
): string | null {
  const found = said.get(nameOf({ system: 'handle', prefix })) ?? findHandlePrefix(prefix)
  return found?.owner ?? null
}

/** A subject as a row is compared with it. */
export async function findCandidate(
  { filings, keysOf, subjectById }: Pick<BasicParts, 'filings' | 'keysOf' | 'subjectById'>,
  id: string,
): Promise<Candidate | undefined> {
  const subject = subjectById(id)
  if (subject === undefined) return undefined
  const current = await filings.currentBasics(id)
  return {
    id,
    status: subject.status,
    former: current === undefined ? {} : await currentFields(filings, id, await keysOf(id)),
    isImported: current !== undefined && (await isFromImport(filings, current.application)),
    serial: current?.serial ?? 0,
  }
}

/** Written by a batch at once, or by an application that a batch filed. */
async function isFromImport(
  filings: Pick<ApplicationReads, 'findApplication'>,
  application: string,
): Promise<boolean> {
  if (application.startsWith(importStart)) return true
  const filed = await filings.findApplication(application)
  return filed !== undefined && isImporter(filed.filer)
}

const importStart = 'import:'

/** What basic information says it stands on, where a batch wrote it. */
export function aboutImport({ id }: Pick<ImportRow, 'id'>): string {
  return importStart + id
}

/** What a row says, open again. */
export function openBasic(
  { sealing }: Pick<PieceParts, 'sealing'>,
  batch: Pick<ImportRow, 'id'>,
  { row, basic, personal }: Pick<BasicRow, 'row' | 'basic' | 'personal'>,
): Fields {
  return joinPersonal(basic, JSON.parse(sealing.unseal(personal, placeOf(batch, row)).toString()))
}

function placeOf({ id }: Pick<ImportRow, 'id'>, row: number) {
  return { handle: aboutImport({ id }), field: 'basic.personal', version: row }
}
