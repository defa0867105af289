import type { Caller } from '../../model/caller.ts'
import { Failure, type FieldError } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import type { FileRow, FileWrites } from './parts.ts'

/** What a document may be, in the order in which an applicant meets them. */
export type LicenceKind =
  | 'businessLicence' // 营业执照
  | 'institutionCertificate' // 事业单位法人证书
  | 'organisationCertificate' // 社会团体等组织登记证书
  | 'permit' // 行政许可证
  | 'identity' // 法定代表人身份证明
  | 'mandate' // 授权委托书
  | 'prefixCertificate' // 前缀注册证明
  | 'other'

/** A file in a filing, with what the filer says of it. Days are `YYYY-MM-DD`. */
export interface Licence {
  readonly file: string
  readonly kind: LicenceKind
  readonly validFrom: string | null
  /** The last day; null: without end, or not said. */
  readonly validTo: string | null
}

/** A file's id alone, or with what it is. */
export type EvidenceInput =
  | string
  | {
      readonly file: string
      readonly kind?: LicenceKind
      readonly validFrom?: string
      readonly validTo?: string
    }

/** @throws Failure `INPUT_INVALID` with one error for each that is wrong in itself */
export function readEvidence(given: readonly EvidenceInput[]): readonly Licence[] {
  const licences = given.map(each => readOne(typeof each === 'string' ? { file: each } : each))
  const errors = licences.flatMap(({ file, validFrom, validTo }, position) => {
    const isTwice = licences.findIndex(other => other.file === file) < position
    const isReversed = validFrom !== null && validTo !== null && validTo < validFrom
    return [
      ...(isTwice ? [errorAt(position, 'file', 'evidence.twice', namedTwice)] : []),
      ...(isReversed ? [errorAt(position, 'validTo', 'evidence.dates', datesReversed)] : []),
    ]
  })
  if (errors.length === 0) return licences
  throw new Failure('INPUT_INVALID', errors[0]?.detail, { errors })
}

function readOne(given: Exclude<EvidenceInput, string>): Licence {
  const { file, kind = 'other', validFrom = null, validTo = null } = given
  return { file, kind, validFrom, validTo }
}

/**
 * Names the files about something, in its transaction. A file is named by those who brought it; what is named already
 * may be named again by whoever may change the naming thing.
 * @param about `application:<id>`, `mandate:<id>`, or what else stands on documents
 * @param pointerTo where a file's id stands in the input
 * @throws Failure `INPUT_INVALID`: unknown and somebody else's look the same
 */
export async function nameEvidence(
  ledger: FileWrites,
  caller: Caller,
  { about, files, before }: NamedFiles,
  pointerTo: (position: number) => string,
): Promise<void> {
  const known = await ledger.lockFiles(files)
  const own = new Set(known.filter(file => isOwn(file, caller)).map(({ id }) => id))
  const errors = files.flatMap((id, position) =>
    own.has(id) || before.includes(id)
      ? []
      : [{ pointer: pointerTo(position), rule: 'evidence.unknown', detail: unknownFile }],
  )
  if (errors.length > 0) throw new Failure('INPUT_INVALID', unknownFile, { errors })
  await ledger.nameFiles(about, files)
}

export interface NamedFiles {
  readonly about: string
  readonly files: readonly string[]
  readonly before: readonly string[]
}

/** Whoever brought it, and the other clients of the subject it was brought for. */
function isOwn({ uploader, uploaderSubject }: FileRow, { id, subject }: Caller): boolean {
  return uploader === id || (subject !== null && uploaderSubject === subject)
}

function errorAt(position: number, member: string, rule: string, detail: Text): FieldError {
  return { pointer: `/evidence/${position}/${member}`, rule, detail }
}

const namedTwice = say('同一文件只能列出一次', 'a file is listed once')
const datesReversed = say('截止日期早于起始日期', 'it ends before it begins')
const unknownFile = say('没有此文件，或不是您上传的', 'there is no such file of yours')
