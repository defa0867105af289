import type { VerifyKey } from '../crypto/jwk.ts'
import type { OverlapSearch } from '../mapping/conflicts.ts'
import type { MappingRule } from '../mapping/rules.ts'
import type { Caller, Role } from '../model/caller.ts'
import type { Change } from '../model/change.ts'
import type { Holding } from '../model/holding.ts'
import type { System } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import type { Subject } from '../model/subject.ts'

/** What is kept of every write and every refusal worth keeping. Identifiers' values never enter it. */
export interface AuditEntry {
  readonly action: string
  /** What was written: an identifier, `prefix:<system>:<prefix>`, `client:<id>`. */
  readonly target: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** A change before it is numbered. */
export type Announcement = Omit<Change, 'seq' | 'at'> & {
  /** The rows every process's directory must read again. */
  readonly directory?: DirectoryRows
}

export interface DirectoryRows {
  readonly prefixes: readonly (readonly [system: string, prefix: string])[]
  readonly subjects: readonly string[]
}

export type NewSubject = Subject & {
  readonly usccIndex: string | null
  readonly usccSealed: Buffer | null
}

/** A machine credential as written; of secrets, only the hash of its API key is kept. */
export interface NewClient {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly subject: string | null
  readonly prefixes: readonly string[]
  readonly cidrs: readonly string[]
  readonly until: string | null
  readonly hash: Buffer | null
  readonly keys: readonly VerifyKey[]
  /** SHA-256 of the certificates (DER), base64url. */
  readonly certificates: readonly string[]
}

/** A prefix as written; its epoch is the ledger's to grow. */
export type PrefixRow = Omit<Prefix, 'epoch'> & { readonly serial: number }

/** Somebody who holds a prefix, or has claimed it, that may overlap with another. */
export interface Claimant extends Pick<Holding, 'system' | 'prefix' | 'state' | 'confidence'> {
  readonly subject: string
  /** Its holding; null where an owner was written without a story. */
  readonly holding: string | null
  /** Since when it holds or claims. */
  readonly since: Date | null
}

/** What the rules about holdings write. */
export interface HoldingRows {
  /**
   * Nobody else changes who holds what in this system until the end: overlapping prefixes are different rows, and two
   * transactions that looked for each other at once would both find nothing.
   */
  lockSystem(system: System): Promise<void>
  /** Who holds or claims what may overlap, wider than the rule and in no order; a bounded number. */
  claimantsAlong(search: OverlapSearch): Promise<readonly Claimant[]>
  /** The highest number given or claimed right below the node's prefix; 0 where there is none. */
  highestNumberBelow(nodePrefix: string): Promise<number>
  lockHolding(id: string): Promise<Holding | undefined>
  /** The holding in force, locked. */
  lockActiveHolding(system: System, prefix: string): Promise<Holding | undefined>
  /** Writes it anew or over what it was; a row that was there has been locked. */
  putHolding(holding: Holding): Promise<void>
  /** How many claims of the subject wait, and whether one of them is about this prefix. */
  claimsWaiting(
    subject: string,
    system: System,
    prefix: string | undefined,
  ): Promise<{ readonly count: number; readonly isAsked: boolean }>

  rulesOf(system: System, prefix: string): Promise<readonly MappingRule[]>
  putRule(rule: MappingRule): Promise<void>
  /** @returns false where there is no such rule of the prefix */
  dropRule(id: string, system: System, prefix: string): Promise<boolean>
}

/**
 * One transaction, seen by the rules: rows it locks and writes. Everything written through it, its audit rows and
 * its announcements are committed together or not at all. The work may be run again after a lost race.
 */
export interface Ledger extends HoldingRows {
  /** The instant of this write, the same in all its rows. */
  readonly at: Date
  /** The record or tombstone with its row locked until the end. */
  lockRecord(key: string): Promise<StoredRecord | undefined>
  /**
   * Writes a record over `before`, which becomes an earlier version.
   * @throws Failure `ALREADY_EXISTS` when `before` is undefined and another transaction was faster
   */
  putRecord(record: StoredRecord, before: StoredRecord | undefined): Promise<void>
  /** What these keys lead to now, as aliases (their index rows locked) or as records of their own. */
  lockAliases(keys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>>
  /**
   * Points the aliases of a record at it, and drops the index rows of those it no longer has.
   * @param takenOver keys among them that named another record when they were locked
   * @throws Failure `ALREADY_EXISTS` when another transaction was faster to claim one of the others
   */
  putAliases(record: StoredRecord, takenOver: readonly string[]): Promise<void>

  lockPrefix(system: string, prefix: string): Promise<(PrefixRow & { epoch: number }) | undefined>
  /**
   * Writes a prefix over `before` and grows its epoch.
   * @throws Failure `ALREADY_EXISTS` when `before` is undefined and another transaction was faster
   */
  putPrefix(row: PrefixRow, before: PrefixRow | undefined): Promise<void>
  /** Prefixes that have records with aliases under this one: their answers depend on who owns it. */
  prefixesWithAliasesUnder(
    system: string,
    prefix: string,
  ): Promise<(readonly [system: string, prefix: string])[]>
  growEpochs(
    prefixes: readonly (readonly [system: string, prefix: string])[],
    subjects: readonly string[],
  ): Promise<void>

  /** @throws Failure `ALREADY_EXISTS` when another transaction was faster to give this credit code a subject */
  putSubject(subject: NewSubject): Promise<void>
  /** The next number for a code under this prefix and key version. @returns 1, 2, 3 … */
  nextCodeNumber(prefix: string, version: number): Promise<number>

  /** @returns false, having done nothing, when the id is known already, revoked or not */
  putClient(client: NewClient): Promise<boolean>
  /** @returns false when there is no such client; revoking twice is one revocation */
  revokeClient(id: string): Promise<boolean>

  audit(entry: AuditEntry): Promise<void>
  announce(announcement: Announcement): Promise<void>
}

/** What makes a repeated request the same request. */
export interface Idempotency {
  /** Caller, method and path: a key means something only within it. */
  readonly scope: string
  readonly key: string
  /** SHA-256 over the request's body. */
  readonly digest: Buffer
}

export interface Transactions {
  /**
   * Runs `work` in one transaction. Its announcements are followed in this process before the promise resolves,
   * so that the writer reads its own write.
   * @param idempotency when given, the outcome is kept with the write and a repetition gets the same outcome back
   * @throws Failure `IDEMPOTENCY_MISMATCH` when the key came with another body, `STORE_AWAY`
   */
  write<Outcome>(
    caller: Caller,
    work: (ledger: Ledger) => Promise<Outcome>,
    idempotency?: Idempotency,
  ): Promise<Outcome>
}
