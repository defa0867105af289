import type { ChainHead } from './parts.ts'

/** Where a manifest stands to what its source has sent: each one names the digest of the one before it. */
export type ChainPlace =
  /** It follows. */
  | 'next'
  /** One before it has not come yet. */
  | 'later'
  /** It has the number that follows, and another past. */
  | 'fork'
  /** Its number is used. */
  | 'older'

/** The first manifest of a chain has number 1, and no past to name. */
export function placeInChain(
  head: ChainHead,
  { seq, prev }: { readonly seq: number; readonly prev: string | null },
): ChainPlace {
  if (seq <= head.seq) return 'older'
  if (seq > head.seq + 1) return 'later'
  return head.digest === null || prev === head.digest ? 'next' : 'fork'
}
