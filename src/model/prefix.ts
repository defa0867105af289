import type { System } from './identifier.ts'

export const prefixStates = ['awaiting', 'enabled', 'disabled'] as const
export type PrefixState = (typeof prefixStates)[number]

/** What is named under a prefix. */
export const prefixUses = ['product', 'equipment'] as const
export type PrefixUse = (typeof prefixUses)[number]

/** Whether its identifiers are answered here or by another node. */
export const prefixServings = ['hosted', 'delegated'] as const
export type PrefixServing = (typeof prefixServings)[number]

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
  readonly served: PrefixServing
  readonly sites: readonly SiteAddress[]
  readonly uses: readonly PrefixUse[]
  /** Grows when anything changes that answers take from the prefix or its owner. */
  readonly epoch: number
}
