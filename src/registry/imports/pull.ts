import type { PullFeed, ReceivedBatch } from './parts.ts'
import type { ImportLeases } from './work.ts'

export interface PullParts {
  readonly feed: PullFeed
  readonly leases: Pick<ImportLeases, 'claimPull' | 'pulled'>
  /** Unique to this process. */
  readonly worker: string
  /** The number of the newest batch that came without a gap. */
  readonly lastOf: (source: string) => Promise<number>
  readonly receive: (batch: ReceivedBatch) => Promise<void>
  readonly clock: {
    now(): number
    sleep(ms: number, signal?: AbortSignal): Promise<void>
  }
  /** From 0 to 1. */
  readonly random: () => number
  readonly onFailed: (error: unknown) => void
}

/** After a failure: from the first to the last, each twice the one before (U1 of the fault matrix). */
const retryMs = { first: 1_000, last: 300_000 }
/** Between questions that brought nothing. */
const idleMs = 30_000
/** Somebody else takes over when the process that asks is gone. Two that ask at once only fetch a batch twice. */
const leaseMs = 120_000

/**
 * Follows the feed of the top-level node until the signal: one process of the node asks, batch after batch, from the
 * number that it has. Whatever goes wrong is tried again, later and later; nothing else waits for it.
 */
export async function followFeed(parts: PullParts, signal: AbortSignal): Promise<void> {
  const { clock, random } = parts
  let failures = 0
  while (!signal.aborted) {
    let pauseMs = idleMs
    try {
      const isMore = await pullOnce(parts, signal)
      failures = 0
      if (isMore) pauseMs = 0
    } catch (error) {
      if (signal.aborted) return
      parts.onFailed(error)
      pauseMs = pauseAfter(failures, random)
      failures++
    }
    if (pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => undefined)
  }
}

/** @returns whether the feed may have more at once */
async function pullOnce(
  { feed, leases, worker, lastOf, receive, clock }: PullParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { source } = feed
  if (!(await leases.claimPull(source, worker, leaseMs))) return false
  const isMore = await feed.next(await lastOf(source), receive, signal)
  await leases.pulled(source, new Date(clock.now()))
  return isMore
}

/** More are fetched by the follower, in its own time. */
const batchesAtOnce = 100

/**
 * Asks the feed now and until it has nothing more, whoever else asks it.
 * @returns how many batches it brought
 */
export async function pullNow(
  { feed, leases, lastOf, receive, clock }: Omit<PullParts, 'worker' | 'random' | 'onFailed'>,
  signal: AbortSignal,
): Promise<number> {
  let received = 0
  while (received < batchesAtOnce) {
    const isMore = await feed.next(await lastOf(feed.source), receive, signal)
    await leases.pulled(feed.source, new Date(clock.now()))
    if (!isMore) break
    received++
  }
  return received
}

/** Half of it is chance, so that nodes that lost the same feed do not come back at once. */
export function pauseAfter(failures: number, random: () => number): number {
  const wholeMs = Math.min(retryMs.first * 2 ** Math.min(failures, 20), retryMs.last)
  return wholeMs / 2 + (wholeMs / 2) * random()
}
