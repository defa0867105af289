import type { System } from '../model/identifier.ts'
import type { DirectoryRows } from './follow-changes.ts'

/** What a change touched: the keys of records and aliases, and prefixes whose records changed as a whole. */
export interface CommittedChange {
  readonly identifier: string
  /** Grows with every write of the identifier. */
  readonly serial: number
  readonly keys: readonly string[]
  readonly directory?: DirectoryRows | null | undefined
}

export type NumberedChange = CommittedChange & { readonly seq: number }

export interface NumberedFeed {
  after(since: number, limit: number): Promise<readonly NumberedChange[]>
  range(): Promise<{ readonly newest: number; readonly oldest: number }>
}

/** A copy of a record that somebody else read from the store. */
export interface CopiedRecord {
  /** Every change up to this number was committed before the copy was read. */
  readonly asOfSeq: number
  /** What was asked for: the record's own key or an alias's. */
  readonly key: string
  readonly record: { readonly key: string; readonly system: System; readonly prefix: string }
}

/**
 * When what changed last, as far as this process knows: by it a copy of a record that another process made is told
 * from one that is late. It never takes a late copy for a true one; what it does not know counts as changed.
 */
export interface RecentChanges {
  /** Every change up to this number is committed: what is read from the store from now on has them all. */
  readonly seen: number
  /** Whether the copy has every change of its record that this process knows of. */
  covers(copy: CopiedRecord): boolean
  /** Changes this process has committed: their numbers come later, so until then every copy may lack them. */
  committed(changes: readonly CommittedChange[]): void
  /** The feed as the change follower shall read it: what it reads is known here before it is applied. */
  watch(feed: NumberedFeed): NumberedFeed
  /** The follower's number: where it is not the next one after what was read, changes were passed over. */
  reached(seq: number): void
  /**
   * Takes changes from before the process began: all from above `from` to `upTo`, in order. Ignored unless they join
   * what is known.
   */
  learnPast(changes: readonly NumberedChange[], from: number, upTo: number): void
}

/** Some 15 MB when full; at 200 writes a second it reaches back longer than copies live. */
const marksMaxDefault = 100_000

/**
 * Covers nothing until {@link RecentChanges.reached} is called with the number the follower begins at.
 * @param marksMax keys and prefixes remembered; the longest unchanged are forgotten first
 */
export function makeRecentChanges({ marksMax = marksMaxDefault } = {}): RecentChanges {
  /** What changed with a number, the oldest first. */
  const lastChanges = new Map<string, LastChange>()
  /** Goes on where it stopped: one that begins anew steps over every place that was emptied since (measured: 50 µs). */
  const oldestFirst = lastChanges.entries()
  /** What this process changed and has no number yet: of which identifiers, up to which serial. */
  const unnumbered = new Map<string, Map<string, number>>()
  let seen = 0
  /** Whatever is not in `lastChanges` was not changed above this number. */
  let floor = 0
  /** Older copies may lack own changes that had to be forgotten before they had a number. */
  let leastAsOfSeq = 0
  /** Nothing is covered before the beginning, and after own changes without a number had to be forgotten. */
  let blindness: 'beginning' | 'loss' | undefined = 'beginning'
  let lossCount = 0

  function note(change: NumberedChange): void {
    const { seq, identifier, serial } = change
    for (const mark of marksOf(change)) {
      remember(mark, { seq, identifier, serial })
      settle(mark, change)
    }
    seen = Math.max(seen, seq)
  }

  function remember(mark: string, last: LastChange): void {
    // Read once more it says nothing new, and what was later may be forgotten already.
    if (last.seq <= (lastChanges.get(mark)?.seq ?? floor)) return
    lastChanges.delete(mark)
    lastChanges.set(mark, last)
    if (lastChanges.size <= marksMax) return
    // There is one: it never steps over what it leaves.
    const [oldest, { seq }] = oldestFirst.next().value as [string, LastChange]
    lastChanges.delete(oldest)
    floor = Math.max(floor, seq)
  }

  /** Writes of one identifier are numbered in their order: with one, all before it have their numbers. */
  function settle(mark: string, { identifier, serial }: CommittedChange): void {
    const waiting = unnumbered.get(mark)
    const expected = waiting?.get(identifier)
    if (waiting === undefined || expected === undefined || expected > serial) return
    waiting.delete(identifier)
    if (waiting.size === 0) unnumbered.delete(mark)
  }

  function expectNumber(mark: string, { identifier, serial }: CommittedChange): void {
    const last = lastChanges.get(mark)
    // The follower may have read of the write before the writer heard of its commit.
    if (last?.identifier === identifier && last.serial >= serial) return
    const waiting = unnumbered.get(mark) ?? new Map<string, number>()
    unnumbered.set(mark, waiting.set(identifier, serial))
  }

  function loseUnnumbered(): void {
    unnumbered.clear()
    blindness = 'loss'
    lossCount += 1
  }

  return {
    get seen() {
      return seen
    },

    covers({ asOfSeq, key, record }) {
      if (blindness !== undefined || asOfSeq < leastAsOfSeq) return false
      const isSince = (mark: string) =>
        !unnumbered.has(mark) && asOfSeq >= (lastChanges.get(mark)?.seq ?? floor)
      return (
        isSince(key) &&
        (key === record.key || isSince(record.key)) &&
        isSince(markOfPrefix(record.system, record.prefix))
      )
    },

    committed(changes) {
      for (const change of changes) {
        for (const mark of marksOf(change)) expectNumber(mark, change)
      }
      if (unnumbered.size > marksMax) loseUnnumbered()
    },

    watch: feed => ({
      async range() {
        const lossesBefore = lossCount
        const range = await feed.range()
        if (blindness === 'loss' && lossCount === lossesBefore) {
          // Numbers above the newest are given after all that was committed before we asked.
          leastAsOfSeq = range.newest + 1
          blindness = undefined
        }
        return range
      },

      async after(since, limit) {
        const changes = await feed.after(since, limit)
        for (const change of changes) note(change)
        return changes
      },
    }),

    reached(seq) {
      const isBeginning = blindness === 'beginning'
      if (seq === seen && !isBeginning) return
      lastChanges.clear()
      floor = seq
      // Numbers may go back, as after a restore.
      leastAsOfSeq = Math.min(leastAsOfSeq, seq + 1)
      seen = seq
      if (isBeginning) blindness = undefined
      // Their numbers may be among those passed over.
      else if (unnumbered.size > 0) loseUnnumbered()
    },

    learnPast(changes, from, upTo) {
      if (floor !== upTo || blindness !== undefined) return
      floor = from
      for (const change of changes) note(change)
    },
  }
}

interface LastChange {
  readonly seq: number
  readonly identifier: string
  readonly serial: number
}

function marksOf({ keys, directory }: CommittedChange): string[] {
  const prefixes = directory?.prefixes ?? []
  return [...keys, ...prefixes.map(([system, prefix]) => markOfPrefix(system, prefix))]
}

/** Codes are registered under handle prefixes. No key begins like this. */
function markOfPrefix(system: string, prefix: string): string {
  return `prefix ${system === 'code' ? 'handle' : system}:${prefix}`
}

/** Ten reads at the start, and on most nodes all that was changed while copies live. */
const pastChangesMax = 10_000
const changesPerRead = 1000

/**
 * Reads the newest changes from before the process began, so that not every copy from before it counts as late.
 * @throws what the feed throws: nothing is lost then but the use of older copies
 */
export async function recallChanges(feed: NumberedFeed, recent: RecentChanges): Promise<void> {
  const upTo = recent.seen
  const { oldest } = await feed.range()
  const from = Math.max(upTo - pastChangesMax, oldest - 1)
  const past: NumberedChange[] = []
  for (let since = from; since < upTo; since = past.at(-1)?.seq ?? upTo) {
    const changes = await feed.after(since, Math.min(changesPerRead, upTo - since))
    if (changes.length === 0) return
    past.push(...changes)
  }
  recent.learnPast(past, from, upTo)
}
