import type { Identifier, System } from '../model/identifier.ts'
import type { Prefix, PrefixUse, SiteAddress } from '../model/prefix.ts'
import type { Alias, StoredRecord } from '../model/record.ts'
import type { Subject, SubjectStatus } from '../model/subject.ts'
import type { Value } from '../model/value.ts'

/** What the store knows of a key: a record of its own, or an alias that names a record. */
export interface Found {
  readonly record: StoredRecord
  /** Set when the key was an alias of the record. */
  readonly via: Alias | null
  /** Absent: from the store itself. */
  readonly source?: 'redis'
}

/** The truth, asked on a miss. Implemented by `storage/postgres/records.ts`. */
export interface Records {
  /**
   * Finds many keys in one query.
   * @returns one entry a key, in order; undefined where there is nothing
   * @throws Failure `STORE_AWAY`
   */
  find(keys: readonly string[]): Promise<(Found | undefined)[]>
}

/** All prefixes and subjects, in this process's memory, following changes. Implemented by `mapping/directory.ts`. */
export interface Directory {
  /** The longest known prefix that is responsible for the identifier, label-wise (digit-wise for gs1, arc-wise for oid). */
  match(identifier: Pick<Identifier, 'system' | 'authority'>): Prefix | undefined
  find(system: System, prefix: string): Prefix | undefined
  subject(id: string): Subject | undefined
  /** A subject's enabled prefixes, sorted by system, then prefix. */
  prefixesOf(subjectId: string): readonly Prefix[]
  /** Grows with anything answers take from the subject: its state, its prefixes. 0 for none. */
  subjectEpoch(subjectId: string | null): number
}

/** Who held a prefix until an instant (RFC 3339, UTC). */
export interface FormerHolder {
  readonly code: string | null
  readonly until: string
}

export interface OwnedPrefix {
  readonly system: string
  readonly prefix: string
  readonly for: readonly PrefixUse[]
}

export interface SameAs {
  readonly system: string
  readonly identifier: string
}

export interface Referral {
  readonly prefix: string
  readonly kind: 'service' | 'prefix'
  readonly sites: readonly SiteAddress[]
}

/** What is answered, before it is put into the bytes of a wire. */
export interface Answer {
  readonly identifier: string
  readonly system: string
  readonly kind: string
  readonly code: string | null
  readonly values: readonly Value[]
  readonly prefixes: readonly OwnedPrefix[]
  readonly morePrefixes?: true
  readonly sameAs: readonly SameAs[]
  readonly referral: Referral | null
  /** Of a subject. */
  readonly status?: SubjectStatus
  readonly successor?: string | null
  readonly withheld?: readonly {
    readonly index: number
    readonly type: string
    readonly reason: string
  }[]
  readonly serial: number
  /** When the entry was made, RFC 3339 UTC. */
  readonly asOf: string
  /** Counted from `asOf`. */
  readonly ttlSeconds: number
  readonly stale?: true
}

/** What is known of where an answer from elsewhere comes from: proven by signatures, refuted by them, or neither. */
export type Trust = 'proven' | 'unproven' | 'refuted'

/** Asks other nodes for what this one does not answer for. Implemented by `assembly/upstream.ts`. */
export interface Upstream {
  /** Whether there is somebody to ask: for a foreign prefix where none of ours is given, roots. */
  mayAsk(identifier: Identifier, prefix: Prefix | undefined): boolean
  /**
   * @param prefix the delegated one, whose sites are asked; undefined: whoever is found from the root down
   * @param recursionCount nodes that have passed the question on before us
   * @returns the public values
   * @throws Failure `IDENTIFIER_UNKNOWN`, `PREFIX_UNKNOWN`; `UPSTREAM_AWAY` in time, with the fact `reason: 'loop'` where the
   * nodes refer to each other
   */
  ask(
    identifier: Identifier,
    prefix: Prefix | undefined,
    recursionCount: number,
  ): Promise<{ readonly values: readonly Value[]; readonly trust: Trust }>
}

export type Source = 'memory' | 'redis' | 'store' | 'upstream'
