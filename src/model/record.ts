import type { Kind, System } from './identifier.ts'
import type { Value } from './value.ts'

/** Why a record may say what it says: the submitter's authority over the prefix, a consent, or a grant of the top-level node. */
export const bases = ['authority', 'consent', 'grant'] as const
export type Basis = (typeof bases)[number]

/**
 * `claimed`: leads to the record while the record's owner holds the alias's prefix.
 * `released`: leads there also while nobody holds that prefix, because an operator said so.
 * `granted`: written by an operator or under a grant; leads there always.
 */
export const aliasStandings = ['claimed', 'released', 'granted'] as const
export type AliasStanding = (typeof aliasStandings)[number]

/** Another name of a record: a value of an alias type in its normal form. */
export interface Alias {
  readonly system: System
  readonly text: string
  /** As {@link Identifier.key}. */
  readonly key: string
  /** As {@link Identifier.authority}; who holds it decides whether the alias leads anywhere. */
  readonly authority: string
  readonly standing: AliasStanding
}

/** One identifier's values and their history's head. `key` and `identifier` as in {@link Identifier}. */
export interface StoredRecord {
  readonly key: string
  /** The first registered spelling: the canonical one. */
  readonly identifier: string
  readonly system: System
  /** The hosted prefix it is registered under, as `prefixes` has it. */
  readonly prefix: string
  readonly kind: Kind
  readonly values: readonly Value[]
  readonly aliases: readonly Alias[]
  /** The subject it is about or belongs to where that is not simply the prefix's owner: the record of a code names its subject. */
  readonly subject: string | null
  readonly submitter: string
  readonly basis: Basis
  /** Grows with every write, also over a tombstone. */
  readonly serial: number
  readonly updatedAt: string
  /** The identifier that takes over, on a live record or a tombstone. */
  readonly successor: string | null
  /** Set on a tombstone. */
  readonly gone: { readonly reason: string | null } | null
}
