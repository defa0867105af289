import type { System } from './identifier.ts'

export type PrefixState = 'awaiting' | 'enabled' | 'disabled'
export type PrefixUse = 'product' | 'equipment'

/** Where a delegated prefix is served. */
export interface SiteAddress {
  readonly address: string
  readonly protocols: readonly {
    readonly protocol: 'TCP' | 'UDP' | 'HTTP'
    readonly port: number
  }[]
  readonly url?: string
}

/** Authority over a part of an identifier system. */
export interface Prefix {
  readonly system: System
  /** Folded: `88.118.8`, `6901234` (gs1), `1.2.156.20009` (oid). */
  readonly prefix: string
  /** Subject id of the owner, or null: the node's own, or nobody's yet. */
  readonly owner: string | null
  readonly state: PrefixState
  readonly served: 'hosted' | 'delegated'
  readonly sites: readonly SiteAddress[]
  readonly uses: readonly PrefixUse[]
  /** Grows when anything changes that answers take from the prefix or its owner. */
  readonly epoch: number
}
