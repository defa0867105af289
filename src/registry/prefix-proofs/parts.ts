import type { Permissions } from '../../access/permissions.ts'
import type { Prefix, SiteAddress } from '../../model/prefix.ts'
import type { Admin, PublicJwk, Reference, Value, ValueData } from '../../model/value.ts'
import type { Fields } from '../../schemas/validate.ts'
import type { FilingTransactions } from '../applications/parts.ts'
import type { SubjectKeys } from '../applications/subject-keys.ts'

/** Signed with a key of the prefix, published in its record, or vouched for by the top-level node. */
export type ProofMethod = 'key' | 'token' | 'grant'

/** A challenge, and what became of it, as it is stored. */
export interface ProofRow {
  readonly id: string
  /** A handle prefix, folded. */
  readonly prefix: string
  /** Who was challenged, and nobody else answers. */
  readonly client: string
  readonly state: 'open' | 'proven'
  /** 32 random bytes. */
  readonly challenge: Buffer
  readonly attempts: number
  /** Until when it can be answered; once proven, until when it can be filed. */
  readonly until: Date
  readonly method: ProofMethod | null
  /** `300:0.NA/88.118.9`. */
  readonly key: string | null
  /** What the record said of table 1 when it was proven; what is personal in it is sealed. */
  readonly basic: Fields
  readonly personal: Buffer | null
  /** Where the record said the prefix is served. */
  readonly sites: readonly SiteAddress[]
  /** The application that was filed with it: one proof, one application. */
  readonly application: string | null
  readonly createdAt: Date
  readonly provenAt: Date | null
}

export interface ProofReads {
  findProof(id: string): Promise<ProofRow | undefined>
  /** Challenges of a client that are open at that time. */
  openProofsOf(client: string, now: Date): Promise<number>
}

export interface ProofWrites {
  lockProof(id: string): Promise<ProofRow | undefined>
  putProof(row: ProofRow, how: 'insert' | 'replace'): Promise<void>
}

/** The identifier system, as a proof needs it. Put together by `assembly/prefix-records.ts`. */
export interface PrefixRecords {
  /**
   * What a name's record says to anyone now, past every cache, wherever it is kept.
   * @returns undefined where there is no such record, or its signatures refute it
   * @throws Failure `UPSTREAM_AWAY`, `STORE_AWAY`
   */
  lookUp(name: string): Promise<readonly Value[] | undefined>
  /** What the data of HS_ADMIN, HS_VLIST and HS_PUBKEY values means; undefined where it does not decode. */
  adminOf(data: ValueData): Admin | undefined
  referencesOf(data: ValueData): readonly Reference[] | undefined
  publicKeyOf(data: ValueData): PublicJwk | undefined
  /** Sites among the values that answer questions over Handle. */
  sitesOf(values: readonly Value[]): readonly SiteAddress[]
  /** As the Handle door judges the answer to a challenge. */
  isSignature(key: PublicJwk, signature: Buffer, signed: SignedText): boolean
}

export interface SignedText {
  readonly text: Buffer
  readonly hash: string
  /** The handle of the key, which SM2 signs along. */
  readonly user: string
}

export interface ProofParts {
  readonly transactions: FilingTransactions
  readonly reads: ProofReads
  readonly records: PrefixRecords
  readonly keysOf: (sealedFor: string) => Promise<SubjectKeys>
  readonly findPrefix: (prefix: string) => Pick<Prefix, 'state' | 'owner'> | undefined
  /** @throws Failure `INPUT_INVALID` where the text is no handle prefix */
  readonly parsePrefix: (text: string) => string
  /** Whether a prefix is the node's own, above that, or where it issues codes: nobody proves those. */
  readonly isNodes: (prefix: string) => boolean
  /** What stands in texts to be signed, so that a signature for one node is none for another. */
  readonly nodePrefix: string
  readonly demand: Permissions['demand']
  readonly now: () => Date
}
