/** The identifier systems we know; `code` is the enterprise code (企信码), itself a handle under the node's code prefix. */
export const systems = ['code', 'handle', 'gs1', 'oid', 'ecode', 'vaa', 'did', 'url'] as const
export type System = (typeof systems)[number]

/**
 * One identifier, parsed once at the border (`mapping/schemes/`) and never again a string inside.
 * Two spellings name the same thing exactly when their `key`s are equal.
 */
export interface Identifier {
  readonly system: System
  /** The normal form as printed: `88.118.8/ABC-1`, `01/06901234567892`, `1.2.156.20009.1`. A handle keeps its letter case here. */
  readonly text: string
  /** What stores and caches are keyed by, unique over all systems: a handle or code folded to lower case (ASCII only), else `<system>:<text>`. */
  readonly key: string
  /**
   * The part that says who is responsible, folded, as the walk of `mapping/prefix-walk.ts` needs it: a handle's prefix
   * (`88.118.8`), the digits of a GS1 key from its company prefix on, a whole OID.
   */
  readonly authority: string
}

/** What a record or an answer is about. */
export const kinds = ['subject', 'product', 'equipment', 'prefix', 'other'] as const
export type Kind = (typeof kinds)[number]

/** Lower-cases A–Z only: a handle never folds other letters (RFC 3650 §2, national practice). */
export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, letters => letters.toLowerCase()) : text
}
