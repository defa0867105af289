import t from 'tap'
import {
  type CommittedChange,
  makeRecentChanges,
  type NumberedChange,
  type RecentChanges,
  recallChanges,
} from '../../src/resolver/recent-changes.ts'

/** A copy of 88.118.8/a, read when its reader had seen so many changes. */
function aCopy(asOfSeq: number, key = '88.118.8/a') {
  return { asOfSeq, key, record: { key, system: 'handle' as const, prefix: '88.118.8' } }
}

function aWrite(serial: number, key = '88.118.8/a'): CommittedChange {
  return { identifier: key, serial, keys: [key] }
}

/** A feed that numbers what it is told, and what was told to a process that follows it. */
function aFeed(marksMax?: number) {
  const changes: NumberedChange[] = []
  const recent = makeRecentChanges(marksMax === undefined ? {} : { marksMax })
  const feed = {
    changes,
    newest: 0,
    async range() {
      return { newest: feed.newest, oldest: changes[0]?.seq ?? feed.newest + 1 }
    },
    async after(since: number, limit: number) {
      return changes.filter(({ seq }) => seq > since).slice(0, limit)
    },
  }
  const watched = recent.watch(feed)
  recent.reached(0)

  return {
    feed,
    recent,
    watched,
    number(...writes: CommittedChange[]) {
      for (const write of writes) changes.push({ ...write, seq: ++feed.newest })
    },
    /** What the change follower does. */
    async look() {
      const { newest } = await watched.range()
      const read = await watched.after(recent.seen, 1000)
      recent.reached(read.at(-1)?.seq ?? newest)
    },
  }
}

t.test(
  'a copy read before the last change of its key is late, one read after it is not',
  async t => {
    const { recent, number, look } = aFeed()

    number(aWrite(1, '88.118.8/b'), aWrite(1), aWrite(1, '88.118.8/c'))
    await look()

    t.equal(recent.seen, 3)
    t.notOk(recent.covers(aCopy(1)))
    t.ok(recent.covers(aCopy(2)))
    t.ok(recent.covers(aCopy(0, '88.118.8/d')), 'a key that never changed')
  },
)

t.test('an alias is changed with its record, and the record with its alias', async t => {
  const { recent, number, look } = aFeed()
  const alias = { ...aCopy(0), key: 'gs1:01/06901234000016' }

  t.ok(recent.covers(alias))
  number(aWrite(1))
  await look()

  t.notOk(recent.covers(alias))
  t.ok(recent.covers({ ...alias, asOfSeq: 1 }))
})

t.test('a change of a prefix as a whole makes every copy below it late', async t => {
  const { recent, number, look } = aFeed()
  const directory = { prefixes: [['handle', '88.118.8']] as const, subjects: [] }

  number({ identifier: '0.NA/88.118.8', serial: 2, keys: [], directory })
  await look()

  t.notOk(recent.covers(aCopy(0)))
  t.ok(recent.covers(aCopy(1)))
  t.ok(recent.covers({ ...aCopy(0), record: { ...aCopy(0).record, prefix: '88.118.9' } }))
})

t.test('codes are registered under a handle prefix and change with it', async t => {
  const { recent, number, look } = aFeed()
  const directory = { prefixes: [['handle', '88.118.1']] as const, subjects: [] }
  const record = { key: '88.118.1/1x', system: 'code' as const, prefix: '88.118.1' }

  number({ identifier: '0.NA/88.118.1', serial: 2, keys: [], directory })
  await look()

  t.notOk(recent.covers({ asOfSeq: 0, key: record.key, record }))
})

t.test('until an own change has its number no copy is believed', async t => {
  const { recent, number, look } = aFeed()

  recent.committed([aWrite(7)])
  number(aWrite(1, '88.118.8/b'))
  await look()

  t.notOk(recent.covers(aCopy(1)), 'others have numbers already')
  number(aWrite(7))
  await look()
  t.notOk(recent.covers(aCopy(1)))
  t.ok(recent.covers(aCopy(2)))
})

t.test("another's change of the same key does not settle an own one", async t => {
  const { recent, number, look } = aFeed()

  recent.committed([aWrite(8)])
  number(aWrite(7))
  await look()

  t.notOk(recent.covers(aCopy(1)))
})

t.test('an own change that was read of before its commit was heard of is settled', async t => {
  const { recent, number, look } = aFeed()

  number(aWrite(7))
  await look()
  recent.committed([aWrite(7)])

  t.ok(recent.covers(aCopy(1)))
})

t.test('what is forgotten for want of room counts as changed when the last of it was', async t => {
  const { recent, number, look } = aFeed(2)

  number(aWrite(1, '88.118.8/b'), aWrite(1, '88.118.8/c'), aWrite(1, '88.118.8/d'))
  await look()

  t.notOk(recent.covers(aCopy(0, '88.118.8/e')))
  t.ok(recent.covers(aCopy(1, '88.118.8/e')))
  t.notOk(recent.covers(aCopy(1, '88.118.8/c')))
})

t.test('forgetting the oldest change costs no more than keeping it', async t => {
  const count = 200_000
  const changes = Array.from({ length: count }, (_, at) => ({
    ...aWrite(1, `88.118.8/${at}`),
    seq: at + 1,
  }))
  const cpuOf = async (marksMax: number) => {
    const { feed, watched } = aFeed(marksMax)
    feed.after = async () => changes
    const before = process.cpuUsage()
    await watched.after(0, count)
    return process.cpuUsage(before).user
  }

  const [roomy, full] = [await cpuOf(count), await cpuOf(60_000)]

  // Looked for from the front each time, it is more than ten times as much.
  t.ok(full < 5 * roomy, `${full} µs, ${roomy} µs with room`)
})

t.test(
  'too many own changes without a number leave nothing believed until we asked for the newest',
  async t => {
    const { recent, number, look, watched } = aFeed(2)
    const asking = watched.range()

    recent.committed(['b', 'c', 'd'].map(name => aWrite(1, `88.118.8/${name}`)))
    await asking

    t.notOk(recent.covers(aCopy(0)), 'it was asked before they were committed')
    await look()
    t.notOk(recent.covers(aCopy(0)))
    number(aWrite(1))
    await look()
    t.ok(recent.covers(aCopy(1)))
  },
)

t.test(
  "another's change of a forgotten own one's key does not make an older copy true",
  async t => {
    const { recent, number, look } = aFeed(2)
    number(aWrite(6))

    recent.committed([aWrite(7), aWrite(1, '88.118.8/b'), aWrite(1, '88.118.8/c')])
    await look()

    t.notOk(recent.covers(aCopy(1)), 'it has the sixth write, and we made the seventh')
    number(aWrite(7))
    await look()
    t.ok(recent.covers(aCopy(2)))
  },
)

t.test('a change read again does not hide a later one that was forgotten', async t => {
  const { recent, number, look, watched } = aFeed(1)

  number(aWrite(1), aWrite(2), aWrite(1, '88.118.8/b'))
  await look()
  await watched.after(0, 1)

  t.notOk(recent.covers(aCopy(1)))
})

t.test('passed-over changes leave only what was read after them', async t => {
  const { feed, recent, watched } = aFeed()

  recent.committed([aWrite(1, '88.118.8/b')])
  feed.newest = 50
  recent.reached(50)

  t.equal(recent.seen, 50)
  t.notOk(recent.covers(aCopy(50, '88.118.8/b')), 'its number may be among them')
  t.notOk(recent.covers(aCopy(49)))
  await watched.range()
  t.ok(recent.covers(aCopy(51, '88.118.8/b')), 'or not, but now it has one')
})

t.test('numbers that go back, as after a restore, are passed over too', async t => {
  const { recent, number, look } = aFeed()

  number(aWrite(1), aWrite(2))
  await look()
  recent.reached(1)

  t.equal(recent.seen, 1)
  t.notOk(recent.covers(aCopy(0, '88.118.8/b')))
})

t.test('nothing is believed before the follower has begun', async t => {
  const recent = makeRecentChanges()

  t.notOk(recent.covers(aCopy(1_000_000)))
})

t.test('the past is learned when the process begins, as far as the feed reaches', async t => {
  const { feed, number } = aFeed()
  number(...[1, 2, 3].map(serial => aWrite(serial)), aWrite(1, '88.118.8/b'))
  const recent: RecentChanges = makeRecentChanges()
  recent.reached(4)

  const before = recent.covers(aCopy(3))
  await recallChanges(feed, recent)

  t.notOk(before)
  t.ok(recent.covers(aCopy(3)))
  t.notOk(recent.covers(aCopy(2)))
  t.ok(recent.covers(aCopy(0, '88.118.8/c')))
  t.equal(recent.seen, 4)
})

t.test('the past is not learned once it no longer joins what is known', async t => {
  const recent = makeRecentChanges()
  recent.reached(4)
  recent.reached(9)

  recent.learnPast([{ ...aWrite(1), seq: 4 }], 0, 4)

  t.notOk(recent.covers(aCopy(5, '88.118.8/c')))
})
