import type { ChangeOp } from '../../model/change.ts'
import type { FieldError } from '../../model/failures.ts'
import type { Kind, System } from '../../model/identifier.ts'
import type { Alias, Basis, StoredRecord } from '../../model/record.ts'
import type { Value } from '../../model/value.ts'
import type { Ledger } from '../parts.ts'

/*
 * Staging: rows that were checked and are not written yet. They belong to a job or a batch, whose id is kept with every
 * version of a record it writes (`records.source`), so that what it did can be told and taken back.
 */

/** Who answers for staged rows, and how what they become is written. */
export interface StagingOwner {
  /** The job's or batch's id; unique over both. */
  readonly id: string
  readonly basis: Extract<Basis, 'authority' | 'grant'>
  /** Written into the records: the client of a job, the top-level node's of a batch. */
  readonly submitter: string
  /** The timestamp that the staged values carry; the instant of the write takes its place. */
  readonly stagedAt: Date
}

/** A row that keeps every rule which needs no look into the store. */
export interface StagedRow {
  /** As the file counts, from 1; growing within an owner. */
  readonly row: number
  /** `put` creates or replaces as `PUT /v1/identifiers` does; `withdraw` leaves a tombstone. */
  readonly op: 'put' | 'withdraw'
  readonly key: string
  readonly identifier: string
  readonly system: System
  /** As `Identifier.authority`. */
  readonly authority: string
  /** The prefix responsible for it when it was checked. */
  readonly prefix: string
  /** null: as the record that is there has it, `other` where there is none. */
  readonly kind: Kind | null
  readonly values: readonly Value[]
  readonly aliases: readonly Alias[]
  /** undefined: as it is; null: none. */
  readonly successor: string | null | undefined
}

/** A row that was not taken, with the reason. */
export interface RefusedRow {
  readonly row: number
  readonly error: FieldError
  /** The cells as they came, as JSON; null where nobody gets them back. */
  readonly cells: string | null
}

/** Rows of an owner by their numbers: above `after`, up to and with `upTo`. */
export interface RowRange {
  readonly after: number
  readonly upTo: number
}

/** What a row becomes, judged by what is in the store now. */
export type StagedOutcome = 'added' | 'changed' | 'unchanged' | 'withdrawn'

export type StagedCounts = Readonly<Record<StagedOutcome, number>>

/** A staged row beside the record or tombstone it meets. */
export interface PlannedRow {
  readonly row: StagedRow
  readonly before: StoredRecord | undefined
  /** The job or batch that wrote `before`; null for a single write. */
  readonly beforeSource: string | null
}

/** Where rows lie; few, whatever the number of rows, so that authority is asked for places and not for rows. */
export interface StagedPlace {
  readonly place: number
  readonly system: System
  readonly authority: string
  readonly prefix: string
}

/** A row of something else than a record, for rules that take it as text. */
export interface StagedText {
  readonly row: number
  /** By which repetitions are recognised; unique over what the owner stages. */
  readonly key: string
  readonly text: string
}

/** Takes rows as they come; their numbers grow. */
export interface Appender {
  /** Holds a row until the next commit, in the form that is written: nothing of the row itself is kept. */
  hold(row: StagedRow | StagedText): void
  /**
   * Writes what is held.
   * @throws Failure `TOO_LARGE` for rows in more places than are kept
   */
  commit(refused: readonly RefusedRow[]): Promise<void>
}

/** Staged rows outside of any transaction of the rules. */
export interface StagedRows {
  /** Of an owner that has no rows yet. */
  append(owner: string): Appender
  /** Refuses the later ones of rows about one identifier. @returns how many */
  refuseRepeated(owner: string): Promise<number>
  places(owner: string): Promise<readonly StagedPlace[]>
  /** Rows above `after` in their order with what they meet now, refused ones left out. */
  plan(owner: StagingOwner, after: number, limit: number): Promise<readonly PlannedRow[]>
  /** The number of the last row, refused ones included; 0 where there are none. */
  lastRow(owner: string): Promise<number>
  /** Refused rows above `after`; one that was staged before it was refused has no cells, and comes as it was staged. */
  refused(owner: string, after: number, limit: number): Promise<readonly KeptRefusal[]>
  refusedCount(owner: string): Promise<number>
  /** Rows whose record the owner wrote and somebody has written since, at most so many. */
  newerThan(owner: string, range: RowRange, limit: number): Promise<readonly NewerRecord[]>
  /** Keeps refusals that were found outside of a transaction. */
  refuse(owner: string, refused: readonly RefusedRow[]): Promise<void>
  /** Forgets a bounded number of the owner's rows. @returns false once nothing is left */
  drop(owner: string): Promise<boolean>
}

export interface KeptRefusal extends RefusedRow {
  readonly staged: StagedRow | StagedText | undefined
}

/** A record of the owner's that somebody has written since. */
export interface NewerRecord {
  readonly row: number
  readonly identifier: string
}

/** An identifier in an announcement that tells of many. */
export interface AnnouncedItem {
  readonly identifier: string
  readonly prefix: string
  readonly serial: number
  readonly op: ChangeOp
  readonly kind: Kind
  /** The record's own key first, then those of its aliases, old and new. */
  readonly keys: readonly string[]
}

/** A record as it is to be, and what it was when it was locked. */
export interface RecordPair {
  readonly record: StoredRecord
  readonly before: StoredRecord | undefined
}

/** A record that the owner wrote, and what it was before: undefined where there was none. */
export interface WrittenPair {
  readonly row: number
  readonly record: StoredRecord
  readonly before: StoredRecord | undefined
}

/** The rows behind {@link StagingLedger}, of one owner and range, refused ones left out. Set-based. */
export interface StagedWrites {
  /** How many rows there are; no owner's row is in two ranges. */
  count(owner: string, range: RowRange): Promise<number>
  /**
   * Writes and announces at once all rows that are new and plain: nobody has their key, and they have no aliases.
   * @param dry only counts them
   */
  addPlain(owner: StagingOwner, range: RowRange, dry: boolean): Promise<number>
  /**
   * The rows that are left, beside their records, which are locked; without those that say what is there already.
   * @param dry also leaves out what {@link addPlain} only counted
   */
  lockRest(owner: StagingOwner, range: RowRange, dry: boolean): Promise<readonly PlannedRow[]>
  /**
   * Writes records over what was locked, with their versions and searchable values.
   * @param source kept with them
   * @throws Failure `ALREADY_EXISTS` when another transaction was faster to write one that was not there
   */
  putRecords(source: string, pairs: readonly RecordPair[]): Promise<void>
  /** As `Ledger.putAliases`, of many records. */
  putAliases(pairs: readonly RecordPair[], takenOver: readonly string[]): Promise<void>
  /** One announcement for each prefix, which takes as many numbers as it has items. */
  announceAll(items: readonly AnnouncedItem[]): Promise<void>
  refuse(owner: string, refused: readonly RefusedRow[]): Promise<void>
  /** Refuses all rows of these places in the range. @returns how many */
  refusePlaces(
    owner: string,
    range: RowRange,
    places: readonly number[],
    error: FieldError,
  ): Promise<number>
  texts(owner: string, range: RowRange): Promise<readonly StagedText[]>
  /** The records in the range that the owner wrote last, locked. */
  lockWritten(owner: string, range: RowRange): Promise<readonly WrittenPair[]>
}

/** A transaction in which staged rows become records, and back. */
export interface StagingLedger extends Ledger {
  readonly staged: StagedWrites
}

/** What applying a range did, or would do. */
export interface Applied extends StagedCounts {
  /** Rows that could not be written after all; kept with the owner's refusals. */
  readonly refused: number
}
