import type { Caller } from '../../model/caller.ts'
import type { Text } from '../../model/text.ts'
import type { Fields } from '../../schemas/validate.ts'
import type { BasicsRow, FilingLedger } from '../applications/parts.ts'
import type { Idempotency, PrefixRow } from '../parts.ts'
import type { StagingLedger } from '../staging/parts.ts'
import type { Manifest } from './manifest.ts'
import type { ChainHead, ImportReceipt, ImportState, ImportVia } from './parts.ts'

/** The top-level node's permission to import, as it is kept beside the words in which it was signed. */
export interface GrantRow {
  readonly id: string
  readonly source: string
  readonly target: string
  /** As paths name prefixes: `88.118.8`, `gs1:6901234`. */
  readonly prefixes: readonly string[]
  readonly tables: readonly string[]
  /** Which fields of a table; a table that is not named is granted whole. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly rowsMax: number
  /** Rows of batches that were applied. */
  readonly rowsUsed: number
  readonly beginsAt: Date
  /** The first instant at which it no longer holds. */
  readonly endsAt: Date
  /** The JWS. */
  readonly token: string
  /** The `kid` that signed it. */
  readonly signer: string
  readonly addedAt: Date
  readonly addedBy: string
  readonly revokedAt: Date | null
  readonly revokedBy: string | null
  readonly reason: string | null
}

/** Where a source stands; whoever holds its lock decides what comes next, and holds it for a moment. */
export interface SourceRow extends ChainHead {
  readonly source: string
  /** The cursor: every batch up to this number is over. */
  readonly doneSeq: number
  readonly doneAt: Date | null
  /** Since when a batch waits for one that did not come. */
  readonly gapSince: Date | null
  readonly pulledAt: Date | null
}

/** What a batch is, row by row, against what is here. */
export interface ImportCounts {
  readonly rows: number
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  readonly withdrawn: number
  /** Of those that change something: it was written by somebody else than the top-level node. */
  readonly conflicting: number
  /** Rows about which a person has to say whom they concern. */
  readonly questions: number
}

export const noCounts: ImportCounts = {
  rows: 0,
  added: 0,
  changed: 0,
  unchanged: 0,
  withdrawn: 0,
  conflicting: 0,
  questions: 0,
}

/** Why a batch is parked. */
export interface ImportFault {
  /** A short constant: `gap`, `fork`, `grant.rows`, or the rule that a row breaks. */
  readonly rule: string
  readonly detail: Text
  readonly file?: string
  /** From 1. */
  readonly row?: number
  readonly field?: string
}

export interface ImportRow {
  readonly id: string
  readonly source: string
  readonly batch: string
  readonly seq: number
  readonly prev: string | null
  /** SHA-256 of the manifest, hex. */
  readonly digest: string
  readonly grant: string
  readonly signer: string
  readonly via: ImportVia
  readonly manifest: Manifest
  readonly receipt: ImportReceipt
  readonly state: ImportState
  readonly fault: ImportFault | null
  /** A fork that the chain went past: its number belongs to another. */
  readonly isPassedBy: boolean
  readonly isDone: boolean
  readonly rows: number
  readonly counts: ImportCounts
  readonly planDigest: string | null
  readonly releasers: readonly string[]
  readonly tries: number
  readonly receivedAt: Date
  readonly updatedAt: Date
  readonly appliedAt: Date | null
  readonly serial: number
}

export type BasicOutcome =
  | 'added'
  | 'changed'
  | 'unchanged'
  | 'conflicting'
  | 'question'
  | 'skipped'

/** What a person says whom a row concerns. */
export type BasicAnswer =
  | { readonly subject: string }
  /** Somebody who has no code yet. */
  | { readonly new: true }
  | { readonly skip: true }

/** A row of table 1 as it waits to be written; personal items are sealed. */
export interface BasicRow {
  readonly row: number
  readonly basic: Fields
  readonly personal: Buffer
  readonly usccIndex: string | null
  /** A Handle prefix, folded, that says whom it is about. */
  readonly prefix: string | null
  readonly outcome: BasicOutcome
  /** Whom it concerns; null: nobody here yet, or nobody knows. */
  readonly subject: string | null
  /** Serial of the basic information it was compared with; 0: there is none. */
  readonly formerSerial: number
  readonly candidates: readonly string[]
  readonly answer: BasicAnswer | null
  readonly answeredBy: string | null
  readonly answeredAt: Date | null
  readonly writtenSerial: number | null
  readonly application: string | null
}

/**
 * What a batch wrote beside records, which say themselves from which batch they are: `prefix:<system>:<prefix>`,
 * `basics:<subject>`.
 */
export interface WrittenRow {
  readonly target: string
  readonly row: number
  /** The serial that was written. */
  readonly serial: number
  /** A prefix as it was before; null: it was not there. */
  readonly before: PrefixRow | null
}

export interface ImportReads {
  findGrant(id: string): Promise<GrantRow | undefined>
  findSource(source: string): Promise<SourceRow | undefined>
  findImport(id: string): Promise<ImportRow | undefined>
  /** What this source sent under that number or that batch id, forks apart; at most two, the one with the number first. */
  findSent(source: string, seq: number, batch: string): Promise<readonly ImportRow[]>
  findBySeq(source: string, seq: number): Promise<ImportRow | undefined>
  /** How many batches of the source are not over, and how many of these wait for one that has not come. */
  waitingOf(source: string): Promise<{ readonly count: number; readonly behindGap: number }>
  basicsOf(
    id: string,
    page: { readonly after: number; readonly limit: number; readonly outcome?: BasicOutcome },
  ): Promise<readonly BasicRow[]>
  findBasic(id: string, row: number): Promise<BasicRow | undefined>
  /** In the order in which they are taken back. */
  writtenBy(id: string): Promise<readonly WrittenRow[]>
}

/** What imports write in a transaction, beside what every write may. */
export interface ImportLedger extends FilingLedger, StagingLedger, ImportReads {
  /** @returns false, having done nothing, where there is a grant with that id */
  insertGrant(grant: GrantRow): Promise<boolean>
  lockGrant(id: string): Promise<GrantRow | undefined>
  putGrant(grant: GrantRow): Promise<void>
  /** Locked until the end; made where it is the first time that the source is named. */
  lockSource(source: string): Promise<SourceRow>
  putSource(row: SourceRow): Promise<void>
  /** @throws Failure `ALREADY_EXISTS` when its number or batch id is taken */
  insertImport(row: ImportRow, signed: Buffer): Promise<void>
  lockImport(id: string): Promise<ImportRow | undefined>
  putImport(row: ImportRow): Promise<void>
  /** Of a row that is there, what it says stays as it is. */
  putBasic(id: string, row: BasicRow): Promise<void>
  /** Basic information as it held with that serial. */
  basicsAt(subject: string, serial: number): Promise<BasicsRow | undefined>
  putWritten(id: string, row: WrittenRow): Promise<void>
}

export interface ImportTransactions {
  /** @param options of the whole transaction: a batch takes longer than a request may */
  write<Outcome>(
    caller: Caller,
    work: (ledger: ImportLedger) => Promise<Outcome>,
    idempotency?: Idempotency,
    options?: { readonly statementTimeoutMs?: number },
  ): Promise<Outcome>
}

export interface ImportListPage<Row> {
  readonly items: readonly Row[]
  readonly next: string | null
}

export interface ImportFilter {
  readonly state?: ImportState | undefined
  readonly source?: string | undefined
}

interface ListRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface ImportLists {
  grants(page: ListRequest): Promise<ImportListPage<GrantRow>>
  /** The newest first. */
  imports(filter: ImportFilter, page: ListRequest): Promise<ImportListPage<ImportRow>>
  sources(): Promise<readonly SourceRow[]>
  /** Batches that are parked, whatever for. */
  parkedCount(): Promise<number>
  /** Batches whose files and staged rows nobody needs any more, uploads that were never received among them. */
  outlived(before: Date, limit: number): Promise<readonly string[]>
  /** Rows of table 1 of a batch that nobody has to be asked about. */
  forgetBasics(id: string): Promise<void>
  forgetNonces(limit: number): Promise<void>
}
