import { KeyFilter } from './key-filter.ts'

/** Every key of the store: of records, tombstones included, and of aliases. Implemented by `storage/postgres/known-keys.ts`. */
export interface StoredKeys {
  /** About how many there are; 0 where nobody has counted. */
  estimate(): Promise<number>
  /** All that are committed when it is called, in pieces, and perhaps some that come later. @throws Failure `STORE_AWAY` */
  pages(): AsyncIterable<readonly string[]>
}

export interface KnownKeysParts {
  readonly stored: StoredKeys
  /** Whether every change that was committed a second ago has come here. */
  readonly isFollowing: () => boolean
  /** Keys that memory is taken for; with more of them more questions reach the store. 0: there is no filter. */
  readonly keysMax: number
  /** An unsigned 32-bit number nobody can guess. */
  readonly random: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onError: (error: unknown) => void
}

/**
 * Which keys the store cannot have, so that it is not asked for them. One question only is spared: whether there is a record
 * or an alias of this very key. What a rule or a wider level makes of an identifier is another key, and asked for as such.
 */
export interface KnownKeys {
  /**
   * @returns false only where the store has nothing under the key, as of all changes committed a second ago and all that this
   * process has acknowledged; true when in doubt: until all keys have been read, and while changes may have been missed
   */
  mayHave(key: string): boolean
  /** Keys of committed changes; in the process that wrote them before anybody hears of it. */
  add(keys: readonly string[]): void
  /** Reads all keys again, and says no meanwhile as before: for what nobody announced, and keys that aliases had. */
  refresh(): void
  /** It is not known what was missed: nothing is said until all keys have been read again. */
  startOver(): void
  close(): void
  readonly state: KnownKeysState
}

/** For those who look after the node. */
export interface KnownKeysState {
  /** Whether it says no at all now. */
  readonly isUsed: boolean
  readonly keyCount: number
  readonly bitsSet: number
  readonly byteCount: number
  /** Questions that the store was not asked. */
  readonly sparedCount: number
  /** Questions let through because the key is there, or passes for one that is. */
  readonly passedCount: number
  /** Questions let through unseen. */
  readonly asideCount: number
}

/** 96 kB: a node with fewer keys is not worth counting them. */
const keysMin = 65_536
/** Room for new keys when it is built: as many again, so that it is seldom built. */
const growth = 2
const retryAfterMs = 1_000
const retryAfterMsMax = 30_000

/** Stands aside until {@link KnownKeys.startOver} has been called and all keys have been read. */
export function makeKnownKeys(parts: KnownKeysParts): KnownKeys {
  const { stored, isFollowing, keysMax, random, sleep, onError } = parts
  const counts = { spared: 0, passed: 0, aside: 0 }
  /** Has every key there is, but for changes on their way here. */
  let filter: KeyFilter | undefined
  /** Gets every key that comes, while those there were are still being read. */
  let next: KeyFilter | undefined
  let building: AbortController | undefined

  /** Takes the place of a build under way. The former filter stays in use meanwhile, where there is one. */
  function build(roomFor: number): void {
    building?.abort()
    building = new AbortController()
    void buildUntilDone(roomFor, building.signal)
  }

  async function buildUntilDone(roomFor: number, signal: AbortSignal): Promise<void> {
    let room = roomFor
    for (
      let waitMs = retryAfterMs;
      !signal.aborted;
      waitMs = Math.min(2 * waitMs, retryAfterMsMax)
    ) {
      try {
        room = Math.max(room, growth * (await stored.estimate()))
        while (!(await readInto(sized(room), signal))) room *= growth
        return
      } catch (error) {
        if (signal.aborted) return
        onError(error)
        await sleep(waitMs, signal).catch(() => undefined)
      }
    }
  }

  function sized(room: number): KeyFilter {
    return new KeyFilter(Math.min(keysMax, Math.max(keysMin, room)), random)
  }

  /** @returns false where a larger one is needed */
  async function readInto(made: KeyFilter, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return true
    next = made
    for await (const keys of stored.pages()) {
      if (signal.aborted) return true
      for (const key of keys) made.add(key)
      if (isTooSmall(made)) return false
    }
    if (signal.aborted) return true
    filter = made
    next = undefined
    return true
  }

  function isTooSmall({ count, keysMax: room }: KeyFilter): boolean {
    return count > room && room < keysMax
  }

  return {
    mayHave(key) {
      if (filter === undefined || !isFollowing()) {
        counts.aside += 1
        return true
      }
      const has = filter.has(key)
      if (has) counts.passed += 1
      else counts.spared += 1
      return has
    },

    add(keys) {
      for (const key of keys) {
        filter?.add(key)
        next?.add(key)
      }
      if (filter !== undefined && next === undefined && isTooSmall(filter)) {
        build(growth * filter.count)
      }
    },

    refresh() {
      if (filter !== undefined && next === undefined) build(filter.count)
    },

    startOver() {
      filter = undefined
      if (keysMax > 0) build(keysMin)
    },

    close() {
      building?.abort()
      filter = undefined
      next = undefined
    },

    get state() {
      return {
        isUsed: filter !== undefined && isFollowing(),
        keyCount: filter?.count ?? 0,
        bitsSet: filter?.bitsSet ?? 0,
        byteCount: (filter?.byteCount ?? 0) + (next?.byteCount ?? 0),
        sparedCount: counts.spared,
        passedCount: counts.passed,
        asideCount: counts.aside,
      }
    },
  }
}
