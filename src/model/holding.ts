import type { System } from './identifier.ts'
import type { PrefixUse, SiteAddress } from './prefix.ts'

/** Where a holding may stand: asked for, decided on, to begin later, in force, over. */
export const holdingStates = [
  'awaiting',
  'planned',
  'active',
  'ended',
  'refused',
  'withdrawn',
] as const
export type HoldingState = (typeof holdingStates)[number]

/** What speaks for a claim. */
export type Evidence =
  /** A document, by the id of its file. */
  | { readonly kind: 'document'; readonly id: string }
  /** A challenge that was answered with the prefix's own key, or in its own record. */
  | { readonly kind: 'proof'; readonly id: string }
  /** An entry in a registry that somebody has looked up, such as the national article-numbering organisation's. */
  | { readonly kind: 'registry'; readonly name: string }

/** How good the best evidence is, from a mere statement to a proof. */
export const confidences = ['stated', 'documented', 'matched', 'proven'] as const
export type Confidence = (typeof confidences)[number]

/**
 * One tenure of a subject over a prefix, from its claim to its end. Who holds a prefix now is said by `Prefix.owner`
 * alone: that is the subject of the one holding in state `active`.
 */
export interface Holding {
  readonly id: string
  readonly system: System
  /** Folded, as `Prefix.prefix`. */
  readonly prefix: string
  /** Subject id. */
  readonly subject: string
  readonly state: HoldingState
  /** Grows with every step. */
  readonly serial: number
  /** The node chose the prefix among those it allots; until the decision it may choose another. */
  readonly proposed: boolean
  readonly uses: readonly PrefixUse[]
  /** Of the enterprise: the plant or branch it is for. */
  readonly site: string | null
  /** Who looks after the prefix: an address or a number of an office. */
  readonly contact: string | null
  /** Where it is to be served; none: here. */
  readonly sites: readonly SiteAddress[]
  /** The first instant at which it holds; null: from the decision on. */
  readonly validFrom: Date | null
  /** The first instant at which it no longer holds; null: until it is ended. */
  readonly validTo: Date | null
  readonly evidence: readonly Evidence[]
  readonly confidence: Confidence
  readonly note: string | null
  /** Client ids. */
  readonly askedBy: string
  readonly decidedBy: string | null
  /** Of whoever decided. */
  readonly comment: string | null
  readonly beganAt: Date | null
  readonly endedAt: Date | null
  readonly endedBy: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** When a holding next begins or ends by itself. */
export function dueAtOf({ state, validFrom, validTo }: Holding): Date | null {
  if (state === 'planned') return validFrom
  return state === 'active' ? validTo : null
}
