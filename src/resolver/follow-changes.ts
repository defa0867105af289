/** What a change tells a process to read again or to forget. */
export interface Followed {
  readonly keys: readonly string[]
  readonly directory?: DirectoryRows | null | undefined
}

export interface DirectoryRows {
  readonly prefixes: readonly (readonly [system: string, prefix: string])[]
  readonly subjects: readonly string[]
}

export interface ApplyParts {
  /** Reads these rows of the directory again; resolves when answers see them. */
  readonly refreshDirectory: (rows: DirectoryRows) => Promise<void>
  readonly forget: (keys: readonly string[]) => void
}

/**
 * Makes changes true in this process: first the directory, whose new epochs outdate what was answered before, then the
 * answers themselves. The writer's own process calls it before the write is acknowledged.
 */
export function makeApply({ refreshDirectory, forget }: ApplyParts) {
  return async function apply(changes: readonly Followed[]): Promise<void> {
    const rows = changes.flatMap(({ directory }) => directory ?? [])
    try {
      if (rows.length > 0) {
        await refreshDirectory({
          prefixes: rows.flatMap(({ prefixes }) => prefixes),
          subjects: rows.flatMap(({ subjects }) => subjects),
        })
      }
    } finally {
      // Also when the directory cannot be read: what was committed is true all the same.
      forget(changes.flatMap(({ keys }) => keys))
    }
  }
}

export interface ChangeFeed {
  after(since: number, limit: number): Promise<readonly (Followed & { readonly seq: number })[]>
  /** The newest number given, and the oldest that is still kept. */
  range(): Promise<{ readonly newest: number; readonly oldest: number }>
}

export interface FollowerParts {
  readonly feed: ChangeFeed
  readonly apply: (changes: readonly Followed[]) => Promise<void>
  /** Reads the directory and forgets all answers: for when it is not known what was missed. */
  readonly startOver: () => Promise<void>
  /** Told of the newest number applied, whenever it grows. */
  readonly onSeen: (seq: number) => void
  readonly onError: (error: unknown) => void
  readonly clock: { monotonicMs(): number }
}

export interface ChangeFollower {
  /** Looks for changes now; looks once more when called while looking. Never rejects. */
  look(): Promise<void>
  /** Looks now, and is not whole before that has gone well: for when the store may be away. Never rejects. */
  doubt(): Promise<void>
  /** The number up to which everything is applied. */
  readonly seen: number
  /** False while the feed does not answer: changes may have been missed, and will be read when it does. */
  readonly isWhole: boolean
  /** Every change that had a number at this moment is applied. Monotonic milliseconds. */
  readonly heardAtMs: number
}

const changesPerRead = 1000

/**
 * Follows the numbered changes of all processes. Bells (NOTIFY, Redis, a timer) only say "look": the numbers are the
 * truth, so a lost bell costs time and a lost change is impossible.
 */
export async function makeChangeFollower(parts: FollowerParts): Promise<ChangeFollower> {
  const { feed, apply, startOver, onSeen, onError, clock } = parts
  let heardAtMs = clock.monotonicMs()
  let { newest: seen } = await feed.range()
  let isWhole = true
  let looking: Promise<void> | undefined
  let isAskedAgain = false
  let doubtCount = 0
  // The number is read before the directory: a change in between is applied twice rather than never.
  await startOver()

  async function catchUp(): Promise<void> {
    const askedAtMs = clock.monotonicMs()
    const { newest, oldest } = await feed.range()
    let isMissed = newest < seen || oldest > seen + 1
    while (seen < newest && !isMissed) {
      const changes = await feed.after(seen, changesPerRead)
      // Old changes may be dropped between the two questions.
      isMissed = changes[0]?.seq !== seen + 1
      if (isMissed) break
      await apply(changes)
      seen = changes.at(-1)?.seq ?? seen
      onSeen(seen)
    }
    if (isMissed) {
      await startOver()
      seen = newest
      onSeen(seen)
    }
    heardAtMs = askedAtMs
  }

  async function lookUntilQuiet(): Promise<void> {
    while (isAskedAgain) {
      isAskedAgain = false
      try {
        const doubtsBefore = doubtCount
        await catchUp()
        isWhole = doubtCount === doubtsBefore
      } catch (error) {
        isWhole = false
        onError(error)
      }
    }
    // In the same step that found nothing more asked for, so that no call falls in between.
    looking = undefined
  }

  function look(): Promise<void> {
    isAskedAgain = true
    looking ??= lookUntilQuiet()
    return looking
  }

  return {
    look,
    doubt() {
      doubtCount += 1
      isWhole = false
      return look()
    },
    get seen() {
      return seen
    },
    get isWhole() {
      return isWhole
    },
    get heardAtMs() {
      return heardAtMs
    },
  }
}
