import type { Registry } from 'prom-client'
import type { Gate } from '../../access/gate.ts'
import type { Caller } from '../../model/caller.ts'
import type { Identifier, System } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import type { StoredRecord } from '../../model/record.ts'
import type { Reference, Site } from '../../model/value.ts'
import type { Identifiers } from '../../registry/identifiers.ts'
import type { Prefixes } from '../../registry/prefixes.ts'
import type { AnswerMemory } from '../../resolver/answer-arena.ts'
import type { Resolver } from '../../resolver/resolve.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/log.ts'

/** Everything the Handle door needs from the house. What may change while it runs is a function. */
export interface HandleParts {
  readonly resolver: Pick<Resolver, 'peek' | 'resolve' | 'bytes'>
  readonly names: { parse(text: string, system?: System): Identifier }
  readonly directory: {
    match(identifier: Pick<Identifier, 'system' | 'authority'>): Prefix | undefined
    find(system: System, prefix: string): Prefix | undefined
    all(): readonly Prefix[]
  }
  readonly identifiers: Identifiers
  readonly prefixes: Prefixes
  readonly records: StoredRecords
  readonly limits: ResolveLimits
  readonly memory: AnswerMemory
  /** Charges a write to whose key it is. @throws Failure `TOO_MANY` */
  readonly demandWrite: (caller: Caller) => void
  /** Counts failed proofs of identity by address; `take` gives the milliseconds to wait. */
  readonly failedProofs: PartyLimiter
  /** Counts answers over UDP by network. */
  readonly networkAnswers: PartyLimiter
  /** Where SM2 verifications wait for each other: milliseconds each, of the one thread that answers. */
  readonly sm2Gate: Gate
  /** Whether the address lies in a network that is not counted. */
  readonly isExempt: (address: string) => boolean
  readonly site: () => OwnSite
  readonly settings: HandleSettings
  readonly random: (byteCount: number) => Buffer
  readonly registry: Registry
  readonly log: Logger
  readonly clock: Pick<Clock, 'now' | 'monotonicMs' | 'every'>
}

/** Records as they are stored. */
export interface StoredRecords {
  /** The record or tombstone under this key. @throws Failure `STORE_AWAY` */
  read(key: string): Promise<StoredRecord | undefined>
  /** Living records under a prefix and the prefixes below it, in the order of their keys. */
  list(
    system: System,
    prefix: string,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly { identifier: string }[]; readonly next: string | null }>
}

/** How much one address may ask, as on the other doors. */
export interface ResolveLimits {
  admits(address: string, identifier: Pick<Identifier, 'system'>): boolean
  demand(address: string, questions: number): void
  demandLookUp(address: string, caller: Caller, identifier: Identifier): void
  countUnknown(address: string, caller: Caller, identifier: Identifier): void
}

export interface PartyLimiter {
  /** Charges the party. @returns 0, or the milliseconds after which trying again makes sense */
  take(party: string, perSecond: number, nowMs: number): number
  /** As `take`, and charges nothing. */
  wait(party: string, perSecond: number, nowMs: number): number
}

/** Where this node is, as its site records say. */
export interface OwnSite {
  /** At least one; the first is the one most clients can reach. */
  readonly sites: readonly Site[]
  readonly serialNumber: number
  /** Signs with the key of the site records; undefined while the node has none. */
  readonly sign?: (bytes: Buffer) => Promise<Buffer>
}

export interface HandleSettings {
  /** Administration without login is answered with a challenge rather than INVALID_ADMIN. */
  readonly challenge: boolean
  /** Codes that some national clients cannot read are sent as they are. */
  readonly allCodes: boolean
  readonly legacyDigests: boolean
  readonly passwordLogin: boolean
  readonly udpAdmin: boolean
  readonly listing: boolean
  /** Keys whose holders may home prefixes. */
  readonly serverAdmins: readonly Reference[]
  /** From the first byte of a message to its last. */
  readonly messageTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly connectionsMax: number
  /** Answers over UDP a second to one /24 or /48; 0: any number. */
  readonly networkRate: number
}
