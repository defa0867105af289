import type { StoredRecord } from '../model/record.ts'
import type { Found } from './parts.ts'
import type { RecentChanges } from './recent-changes.ts'

/** A record as some process of this store read it. */
export interface SharedEntry {
  readonly record: StoredRecord
  /** Every change up to this number was committed before the record was read. */
  readonly asOfSeq: number
}

/**
 * Records that processes keep for each other, by the key of what was asked: a record's own or an alias's. Nothing in
 * it is believed without being judged, and nothing is lost with it. Implemented by `storage/redis/shared-records.ts`.
 */
export interface SharedRecords {
  /**
   * Finds many keys at once, within a deadline.
   * @returns one entry a key, in order; undefined where there is none, or none can be had. Never rejects.
   */
  find(keys: readonly string[]): Promise<readonly (SharedEntry | undefined)[]>
  /** Keeps a record for the others, soon and without promise. */
  put(key: string, entry: SharedEntry): void
}

export interface SharedFindParts {
  /** One key of {@link SharedRecords.find}; many asked in one tick travel together. */
  readonly findShared: (key: string) => Promise<SharedEntry | undefined>
  /** One key of `Records.find`, likewise. */
  readonly findStored: (key: string) => Promise<Found | undefined>
  readonly put: SharedRecords['put']
  readonly recent: Pick<RecentChanges, 'seen' | 'covers'>
  readonly metrics: SharedFindMetrics
}

export interface SharedFindMetrics {
  /** An entry was found and judged: `late` is one that may lack a change and was not used. */
  judged(verdict: 'hit' | 'late'): void
}

/**
 * Finds a record among the shared ones, else in the store, and then shares it. A shared one is used only if it has
 * every change of the record that this process knows of: a late write, a lost one, or an old one that comes back is a
 * miss. What does not exist is not shared: each process remembers that for a moment, asking the store for it is cheap,
 * and made-up names would drive out records.
 * @throws Failure `STORE_AWAY`, for keys that only the store could have answered
 */
export function makeSharedFind({
  findShared,
  findStored,
  put,
  recent,
  metrics,
}: SharedFindParts): (key: string, fresh: boolean) => Promise<Found | undefined> {
  return async function find(key, fresh) {
    const entry = fresh ? undefined : await findShared(key)
    if (entry !== undefined) {
      const { record, asOfSeq } = entry
      const isHit = recent.covers({ key, record, asOfSeq })
      metrics.judged(isHit ? 'hit' : 'late')
      if (isHit) return { record, via: aliasOf(key, record), source: 'redis' }
    }
    // Before the store is asked: a change in between makes the entry late rather than true.
    const asOfSeq = recent.seen
    const found = await findStored(key)
    if (found !== undefined) put(key, { record: found.record, asOfSeq })
    return found
  }
}

function aliasOf(key: string, record: StoredRecord): Found['via'] {
  return record.key === key ? null : (record.aliases.find(alias => alias.key === key) ?? null)
}
