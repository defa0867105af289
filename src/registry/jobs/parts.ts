import type { Caller } from '../../model/caller.ts'
import type { FieldError } from '../../model/failures.ts'
import type { Text } from '../../model/text.ts'
import type { WrittenPrefix } from '../holdings/undo-prefix.ts'
import type { RowRange, StagedRow, StagingLedger } from '../staging/parts.ts'

export const sheetFormats = ['ndjson', 'csv', 'xlsx'] as const
export type SheetFormat = (typeof sheetFormats)[number]

/** Objects and lists come from NDJSON only. */
export type Cell = string | number | boolean | null | object

/** Cells by the name of their column as it is spelled; a null prototype, so that no column means anything. */
export type Cells = Readonly<Record<string, Cell>>

export interface SheetRow {
  /** 1 is the first row of data; in NDJSON, the line. */
  readonly row: number
  readonly cells: Cells
  /** Why the row cannot be read; its cells are then what could be. */
  readonly refusal?: FieldError
}

/** A file with rows, being read. */
export interface Sheet {
  readonly format: SheetFormat
  /** As spelled; none in NDJSON, whose rows name their own. */
  readonly columns: readonly string[]
  /** As detected: `utf-8`, `gb18030`, `utf-16le`. */
  readonly charset: string
  /**
   * Chunks of at most 500 rows, read no faster than they are taken.
   * @throws Failure `INPUT_INVALID` or `TOO_LARGE` where the file as a whole cannot be read on
   */
  readonly rows: AsyncIterable<readonly SheetRow[]>
}

export interface SheetBounds {
  readonly bytesMax: number
  readonly rowsMax: number
}

/** @throws Failure `INPUT_INVALID` for a file that is none of the format, or whose columns cannot be told apart */
export type OpenSheet = (
  body: AsyncIterable<Buffer>,
  format: SheetFormat,
  bounds: SheetBounds,
) => Promise<Sheet>

/** Writes rows as a file of the format, read no faster than it is taken. */
export type WriteSheet = (
  format: SheetFormat,
  columns: readonly string[],
  rows: AsyncIterable<Cells>,
  options?: { readonly charset?: string },
) => AsyncIterable<Buffer>

/** What a row says, before the rules look at it; the same members as the body of a single write. */
export interface RecordRow {
  readonly identifier: string
  readonly kind?: unknown
  readonly values?: unknown
  readonly successor?: unknown
}

export interface PrefixSheetRow {
  readonly prefix: string
  readonly system?: unknown
  readonly owner?: unknown
  readonly state?: unknown
  readonly served?: unknown
  readonly for?: unknown
}

/**
 * From cells to what they mean, by the names of the columns in Chinese, English or code. Made once a file.
 * @throws Failure `INPUT_INVALID`: when made, for columns that make no sense; for a row, naming the column
 */
export type ReadRecordRows = (
  sheet: Pick<Sheet, 'format' | 'columns'>,
) => (cells: Cells) => RecordRow
export type ReadPrefixRows = (
  sheet: Pick<Sheet, 'format' | 'columns'>,
) => (cells: Cells) => PrefixSheetRow

/** What a row of records becomes again when it goes back to who sent it. */
export type WriteRecordRow = (
  columns: readonly string[],
) => (record: Pick<StagedRow, 'identifier' | 'kind' | 'values'>) => Cells

/** The same of prefixes. */
export type WritePrefixRow = (columns: readonly string[]) => (row: PrefixSheetRow) => Cells

export const jobStates = [
  'received',
  'checking',
  'checked',
  'applying',
  'done',
  'failed',
  'cancelled',
  'undone',
] as const
export type JobState = (typeof jobStates)[number]

export const jobTargets = ['identifiers', 'prefixes'] as const
export type JobTarget = (typeof jobTargets)[number]

/** `all`: all rows or none; `best`: what can be taken. */
export const jobModes = ['all', 'best'] as const
export type JobMode = (typeof jobModes)[number]

/** What a process is to do next with a job; null: nothing, until somebody asks. */
export type JobTask = 'receive' | 'check' | 'apply' | 'undo'

export interface JobCounts {
  readonly rows: number
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  readonly refused: number
}

/** Why a job failed. */
export interface JobReason {
  readonly code: string
  readonly detail: Text
}

/** A job as it is stored. */
export interface JobRow {
  readonly id: string
  readonly target: JobTarget
  readonly mode: JobMode
  readonly isDryRun: boolean
  readonly state: JobState
  readonly task: JobTask | null
  /** Whose rows they are, as it was when they came; its rights are those of now. */
  readonly caller: Caller
  readonly format: SheetFormat
  readonly columns: readonly string[]
  readonly charset: string | null
  /** Of the file; null until all of it is here. */
  readonly sha256: Buffer | null
  readonly byteCount: number
  readonly counts: JobCounts
  /** Rows up to this one are checked, applied or undone, whatever its task is. */
  readonly reached: number
  /** Where slices begin that are done beyond that. */
  readonly ahead: readonly number[]
  readonly lastRow: number
  readonly undoneBy: Caller | null
  readonly cancelAsked: boolean
  readonly reason: JobReason | null
  /** A JWS of what was done; null before. */
  readonly receipt: string | null
  readonly idempotencyKey: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly endedAt: Date | null
}

/** Whoever works on a job holds its lease; without it, nothing is written. */
export interface Lease {
  /** Of the holder, unique. */
  readonly holder: string
  readonly ms: number
}

/** Calls again and again until it is cancelled; what goes wrong is nobody's business here. */
export type Renewing = (renew: () => Promise<void>, everyMs: number) => { cancel(): void }

export type JobPatch = Partial<
  Omit<JobRow, 'id' | 'target' | 'mode' | 'caller' | 'format' | 'createdAt' | 'updatedAt'>
>

/** What the list shows: a caller's own and its subject's, or everybody's. */
export interface JobFilter {
  readonly of?: { readonly client: string; readonly subject: string | null }
}

export interface JobPage {
  readonly items: readonly JobRow[]
  readonly next: string | null
}

/** Jobs outside of transactions of the rules. */
export interface JobRows {
  /** @returns false when the caller has used its idempotency key before */
  insert(job: JobRow, lease: Lease): Promise<boolean>
  find(id: string): Promise<JobRow | undefined>
  findByKey(client: string, idempotencyKey: string): Promise<JobRow | undefined>
  /** The newest first. */
  list(
    filter: JobFilter,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<JobPage>
  /** How many have something to do, of a client and in all. */
  waiting(client: string): Promise<{ readonly own: number; readonly all: number }>
  /** Takes the oldest job that has something to do and that nobody works on. */
  claim(lease: Lease): Promise<JobRow | undefined>
  /** @returns false when somebody else has it */
  renew(id: string, lease: Lease): Promise<boolean>
  /** Writes what changed, and lets the lease go unless told. @returns false when somebody else has it */
  patch(id: string, holder: string, patch: JobPatch, keep?: 'lease'): Promise<boolean>
  /** Lets the idempotency keys of jobs from before be used again. */
  freeKeys(before: Date): Promise<void>
  /** Prefixes that the job wrote and somebody has written since, at most so many. */
  newerPrefixes(
    job: string,
    limit: number,
  ): Promise<readonly { readonly row: number; readonly prefix: string }[]>
  /** How many prefixes the job wrote, as far as that is still known. */
  prefixCount(job: string): Promise<number>
  /** Forgets what the job wrote of prefixes: it is not taken back any more. */
  forgetPrefixes(job: string): Promise<void>
  /** Jobs that ended before, of which rows are left. */
  outlived(before: Date, limit: number): Promise<readonly string[]>
}

/** Jobs inside of a transaction. */
export interface JobWrites {
  /** The row, locked. */
  lock(id: string): Promise<JobRow | undefined>
  /** The row, locked, and the lease renewed; undefined when somebody else has it. */
  lockLeased(id: string, lease: Lease): Promise<JobRow | undefined>
  isCancelAsked(id: string): Promise<boolean>
  patch(id: string, patch: JobPatch): Promise<void>
  putPrefix(job: string, written: JobPrefix): Promise<void>
  /** What the job wrote of prefixes, in the order of its rows. */
  prefixes(job: string, range: RowRange): Promise<readonly JobPrefix[]>
}

/** A prefix that a job wrote, because of this row. */
export interface JobPrefix extends WrittenPrefix {
  readonly row: number
}

export interface JobLedger extends StagingLedger {
  readonly jobs: JobWrites
}

export interface JobTransactions {
  write<Outcome>(
    caller: Caller,
    work: (ledger: JobLedger) => Promise<Outcome>,
    options?: { readonly statementTimeoutMs?: number },
  ): Promise<Outcome>
}
