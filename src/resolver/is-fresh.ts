import type { Prefix } from '../model/prefix.ts'
import type { Entry } from './answer-cache.ts'
import type { Directory } from './parts.ts'

/**
 * Whether an entry is still true: young enough, and nothing has changed that its answer took from the prefix asked, the
 * record's own prefix or the record's owner. A change of any, a hand-over included, grows one of the epochs.
 */
export function isFresh(
  entry: Entry,
  directory: Directory,
  asked: Prefix | undefined,
  nowMs: number,
): boolean {
  return nowMs < entry.expiresAtMs && isOfThisEpoch(entry, directory, asked)
}

/** As {@link isFresh}, however old the entry is. */
export function isOfThisEpoch(
  entry: Entry,
  directory: Directory,
  asked: Prefix | undefined,
): boolean {
  return (
    entry.prefixEpoch === (asked?.epoch ?? 0) &&
    entry.prefix === (asked?.prefix ?? '') &&
    entry.ownerEpoch === directory.subjectEpoch(entry.owner) &&
    (entry.named === undefined ||
      entry.named.epoch === directory.find(entry.named.system, entry.named.prefix)?.epoch)
  )
}
