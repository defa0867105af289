import { randomBytes } from 'node:crypto'
import type { Announcement } from '../registry/parts.ts'
import type { ChangeFollower } from '../resolver/follow-changes.ts'
import { type KnownKeys, makeKnownKeys } from '../resolver/known-keys.ts'
import { makeKnownKeysMetrics } from '../resolver/metrics.ts'
import type { Config } from '../runtime/config.ts'
import type { Database } from '../storage/postgres/database.ts'
import { makeStoredKeys } from '../storage/postgres/known-keys.ts'
import type { BuildParts } from './parts.ts'

/** A committed change reaches every process within a second: half of it is for giving it a number. */
const heardMsMax = 500
const followedMsMax = 1_000

export interface OpenKnownKeys extends Pick<KnownKeys, 'mayHave' | 'add' | 'startOver'> {
  /** What this process wrote, before anybody hears of it: of very many only the change feed brings all keys. */
  committed(announcements: readonly Announcement[]): void
}

/** A second of work for a million keys. */
const refreshEveryMs = 3_600_000

/**
 * The keys that the store has, read while the node answers already.
 * @param follower of whose changes the new ones come; undefined as long as it has not begun
 */
export function openKnownKeys(
  {
    config,
    clock,
    closers,
    log,
    metrics,
  }: Pick<BuildParts, 'clock' | 'closers' | 'log' | 'metrics'> & {
    readonly config: Pick<Config, 'resolver'>
  },
  database: Database,
  follower: () => Pick<ChangeFollower, 'isWhole' | 'heardAtMs'> | undefined,
): OpenKnownKeys {
  let asideUntilMs = 0
  const knownKeys = makeKnownKeys({
    stored: makeStoredKeys(database),
    isFollowing() {
      const { isWhole = false, heardAtMs = 0 } = follower() ?? {}
      const nowMs = clock.monotonicMs()
      return isWhole && nowMs - heardAtMs <= heardMsMax && nowMs >= asideUntilMs
    },
    keysMax: config.resolver.knownKeysMax,
    random: () => randomBytes(4).readUInt32LE(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    onError: error => log.warn({ err: error }, 'cannot read the known keys; the store is asked'),
  })
  closers.add('known keys', () => knownKeys.close())
  const refreshing = clock.every(refreshEveryMs, () => knownKeys.refresh())
  closers.add('known keys tick', () => refreshing.cancel())
  makeKnownKeysMetrics(metrics, () => knownKeys.state)
  const { mayHave, add, startOver } = knownKeys
  return {
    mayHave,
    add,
    startOver,
    committed(announcements) {
      if (announcements.some(isOneOfMany)) asideUntilMs = clock.monotonicMs() + followedMsMax
    },
  }
}

/** A transaction that wrote more than it names names one of its records, with the prefixes whose epochs it grew. */
function isOneOfMany({ kind, directory }: Announcement): boolean {
  return kind !== 'prefix' && (directory?.prefixes.length ?? 0) > 0
}
