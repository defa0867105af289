import type { Prefix } from '../model/prefix.ts'

/** Above this, a list is enlarged in steps rather than copied for each prefix. */
const copiedMax = 16

/**
 * Which prefixes each subject owns. Most own one or a few, so that a list is only made for the second and is no longer
 * than it must be.
 */
export class OwnedPrefixes<Row extends Prefix> {
  readonly #owned = new Map<string, Row | Row[]>()
  /** Enabled ones in order, of subjects that were asked about; dropped when one of theirs changes. */
  readonly #inOrder = new Map<string, readonly Row[]>()

  /** @param former what the row replaces */
  put(row: Row, former: Row | undefined): void {
    const { owner } = row
    if (former !== undefined && former.owner !== null) this.#remove(former, former.owner)
    if (owner === null) return
    this.#inOrder.delete(owner)
    const owned = this.#owned.get(owner)
    if (owned === undefined) this.#owned.set(owner, row)
    else if (!Array.isArray(owned)) this.#owned.set(owner, [owned, row])
    else if (owned.length < copiedMax) this.#owned.set(owner, owned.concat(row))
    else owned.push(row)
  }

  /** The subject's enabled prefixes, sorted by system, then prefix. */
  of(owner: string): readonly Row[] {
    const known = this.#inOrder.get(owner)
    if (known !== undefined) return known
    const owned = this.#owned.get(owner)
    // Whoever owns nothing is not remembered: anybody may be asked about.
    if (owned === undefined) return []
    const rows = (Array.isArray(owned) ? owned : [owned]).filter(({ state }) => state === 'enabled')
    this.#inOrder.set(owner, rows.sort(bySystemThenPrefix))
    return rows
  }

  #remove(row: Row, owner: string): void {
    this.#inOrder.delete(owner)
    const owned = this.#owned.get(owner)
    if (!Array.isArray(owned) || owned.length === 1) this.#owned.delete(owner)
    else {
      const last = owned.pop() as Row
      const at = owned.indexOf(row)
      if (at !== -1) owned[at] = last
    }
  }
}

export function bySystemThenPrefix(a: Prefix, b: Prefix): number {
  const [first, second] = [`${a.system}:${a.prefix}`, `${b.system}:${b.prefix}`]
  return first < second ? -1 : first > second ? 1 : 0
}
