import t from 'tap'
import { Failure } from '../../../src/model/failures.ts'
import type { PullFeed } from '../../../src/registry/imports/parts.ts'
import { followFeed, pauseAfter } from '../../../src/registry/imports/pull.ts'
import { aClock } from '../../support/clock.ts'
import { aStore } from '../../support/store.ts'
import { aBatch, aLine, anImportRoom, aTopnode, theTopnode } from './an-import-room.ts'

/** A follower over a feed that does what the test says, each time it is asked. */
function following(next: PullFeed['next'], more: { mayPull?: () => boolean } = {}) {
  const clock = aClock()
  const ending = new AbortController()
  const failures: unknown[] = []
  const asked: number[] = []
  let last = 0
  const done = followFeed(
    {
      feed: {
        source: '86',
        next(after, hand, signal) {
          asked.push(after)
          return next(after, hand, signal)
        },
      },
      leases: { claimPull: async () => more.mayPull?.() ?? true, pulled: async () => undefined },
      worker: 'w1',
      lastOf: async () => last,
      async receive({ manifest }) {
        last = manifest.seq
      },
      clock,
      random: () => 1,
      onFailed: error => failures.push(error),
    },
    ending.signal,
  )
  return {
    clock,
    asked,
    failures,
    async end() {
      ending.abort()
      await done
    },
  }
}

t.test('a feed is followed batch after batch, then asked now and then', async t => {
  const top = aTopnode()
  const batches = [1, 2].map(() => top.next({ identifiers: [] }))
  const follower = following(async (after, hand) => {
    const batch = batches[after]
    if (batch !== undefined) await hand(batch)
    return batch !== undefined
  })
  await follower.clock.advance(0)

  t.strictSame(follower.asked, [0, 1, 2])
  await follower.clock.advance(30_000)
  t.strictSame(follower.asked, [0, 1, 2, 2])
  await follower.end()
})

t.test('a feed that is away is asked again later and later, up to five minutes', async t => {
  const follower = following(async () => {
    throw new Failure('UPSTREAM_AWAY')
  })
  await follower.clock.advance(0)
  const askedAfter = async (ms: number) => {
    await follower.clock.advance(ms)
    return follower.asked.length
  }

  t.equal(await askedAfter(999), 1)
  t.equal(await askedAfter(1), 2)
  t.equal(await askedAfter(2_000), 3)
  t.equal(await askedAfter(4_000), 4)
  t.equal(follower.failures.length, 4)
  await follower.end()
})

t.test('pauses grow from half a second to five minutes, half of them by chance', async t => {
  t.equal(
    pauseAfter(0, () => 0),
    500,
  )
  t.equal(
    pauseAfter(0, () => 1),
    1_000,
  )
  t.equal(
    pauseAfter(3, () => 1),
    8_000,
  )
  t.equal(
    pauseAfter(1_000, () => 0),
    150_000,
  )
  t.equal(
    pauseAfter(1_000, () => 1),
    300_000,
  )
})

t.test('a process that has not the lease does not ask', async t => {
  let mayPull = false
  const follower = following(async () => false, { mayPull: () => mayPull })
  await follower.clock.advance(0)
  t.strictSame(follower.asked, [])

  mayPull = true
  await follower.clock.advance(30_000)

  t.strictSame(follower.asked, [0])
  await follower.end()
})

t.test('of two processes one asks a feed, and the other takes over what it fetched', async t => {
  const database = await aStore(t)
  const room = await anImportRoom(database)
  await room.grant()
  const { leases } = room.workParts

  t.ok(await leases.claimPull('86', 'w1', 60_000))
  t.notOk(await leases.claimPull('86', 'w2', 60_000))
  t.ok(await leases.claimPull('86', 'w1', 60_000))
  await room.inbox.receive(aBatch({ identifiers: [aLine('88.118.8/A')] }), theTopnode)
  t.match(await room.inbox.headOf('86'), { seq: 1 })
})
