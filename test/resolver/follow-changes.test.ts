import t from 'tap'
import { type Followed, makeApply, makeChangeFollower } from '../../src/resolver/follow-changes.ts'
import { aClock } from '../support/clock.ts'
import { aGate } from './a-resolver.ts'

type Numbered = Followed & { readonly seq: number }

/** A feed of numbered changes, and a follower that writes down what it does. */
async function aFollower(newest = 0) {
  const clock = aClock()
  const feed = {
    changes: [] as Numbered[],
    newest,
    failure: undefined as Error | undefined,
    gate: Promise.resolve(),
    announce(...keys: string[]) {
      for (const key of keys) feed.changes.push({ seq: ++feed.newest, keys: [key] })
    },
    drop(count: number) {
      feed.changes.splice(0, count)
    },
    async range() {
      if (feed.failure !== undefined) throw feed.failure
      return { newest: feed.newest, oldest: feed.changes[0]?.seq ?? feed.newest + 1 }
    },
    async after(since: number, limit: number) {
      const found = feed.changes.filter(({ seq }) => seq > since).slice(0, limit)
      await feed.gate
      return found
    },
  }
  const done: string[] = []
  const errors: unknown[] = []
  const follower = await makeChangeFollower({
    feed,
    apply: async changes => void done.push(...changes.flatMap(({ keys }) => keys)),
    startOver: async () => void done.push('start over'),
    onSeen: () => undefined,
    onError: error => void errors.push(error),
    clock,
  })
  return { feed, follower, done, errors, clock }
}

t.test('following begins with everything, at the number that was newest before', async t => {
  const { follower, done } = await aFollower(7)

  t.strictSame(done, ['start over'])
  t.equal(follower.seen, 7)
  t.equal(follower.isWhole, true)
})

t.test('changes are applied in order and once, however many there are', async t => {
  const { feed, follower, done } = await aFollower()
  const keys = Array.from({ length: 2500 }, (_, n) => `k${n}`)

  feed.announce(...keys)
  await follower.look()
  await follower.look()

  t.strictSame(done, ['start over', ...keys])
  t.equal(follower.seen, 2500)
})

t.test('lost bells cost nothing: the next look sees all of them', async t => {
  const { feed, follower, done } = await aFollower()

  feed.announce('a')
  feed.announce('b')
  feed.announce('c')
  await follower.look()

  t.strictSame(done.slice(1), ['a', 'b', 'c'])
})

t.test('what it has heard is dated by when it asked, and not by a look that failed', async t => {
  const { feed, follower, clock } = await aFollower()
  await clock.advance(1_000)
  feed.failure = new Error('away')
  await follower.look()
  const afterFailure = follower.heardAtMs

  feed.failure = undefined
  const { gate, open } = aGate()
  feed.gate = gate
  feed.announce('a')
  const looking = follower.look()
  await clock.advance(500)
  const meanwhile = follower.heardAtMs
  open()
  await looking

  t.strictSame([afterFailure, meanwhile, follower.heardAtMs], [0, 0, 1_000])
})

t.test('in doubt it is not whole until a look that began later went well', async t => {
  const { feed, follower } = await aFollower()
  const { gate, open } = aGate()
  feed.gate = gate
  feed.announce('a')
  const looking = follower.look()
  await new Promise(setImmediate)

  const doubting = follower.doubt()
  const atOnce = follower.isWhole
  feed.failure = new Error('away')
  open()
  await Promise.all([looking, doubting])
  const afterFailure = follower.isWhole
  feed.failure = undefined
  await follower.look()

  t.strictSame([atOnce, afterFailure, follower.isWhole], [false, false, true])
})

t.test('a bell during a look makes it look once more', async t => {
  const { feed, follower, done } = await aFollower()
  const { gate, open } = aGate()
  feed.gate = gate
  feed.announce('a')
  const looking = follower.look()
  await new Promise(setImmediate)

  feed.announce('b')
  const again = [follower.look(), follower.look()]
  open()
  await Promise.all([looking, ...again])

  t.strictSame(done.slice(1), ['a', 'b'])
})

t.test('a look just as the last one ends is not lost', async t => {
  const { feed, follower, done } = await aFollower()

  for (let round = 0; round < 20; round++) {
    const first = follower.look()
    for (let step = 0; step < round; step++) await Promise.resolve()
    feed.announce(`k${round}`)
    await follower.look()
    t.equal(done.at(-1), `k${round}`)
    await first
  }
})

t.test('what is no longer kept was missed: everything is read anew', async t => {
  const { feed, follower, done } = await aFollower()
  feed.announce('a', 'b', 'c', 'd')
  feed.drop(2)

  await follower.look()
  feed.announce('e')
  await follower.look()

  t.strictSame(done, ['start over', 'start over', 'e'])
  t.equal(follower.seen, 5)
})

t.test('changes dropped between two questions are noticed too', async t => {
  const { feed, follower, done } = await aFollower()
  feed.announce('a', 'b', 'c')
  const range = feed.range
  feed.range = async () => {
    const answer = await range()
    feed.drop(2)
    return answer
  }

  await follower.look()

  t.strictSame(done, ['start over', 'start over'])
  t.equal(follower.seen, 3)
})

t.test('numbers that went back mean another store: everything is read anew', async t => {
  const { feed, follower, done } = await aFollower(9)
  feed.newest = 4

  await follower.look()

  t.strictSame(done, ['start over', 'start over'])
  t.equal(follower.seen, 4)
})

t.test('while the feed does not answer the follower is not whole, and it recovers', async t => {
  const { feed, follower, done, errors } = await aFollower()
  feed.announce('a')
  feed.failure = new Error('away')

  await follower.look()
  const during = { isWhole: follower.isWhole, seen: follower.seen }
  feed.failure = undefined
  await follower.look()

  t.strictSame(during, { isWhole: false, seen: 0 })
  t.match(errors, [{ message: 'away' }])
  t.equal(follower.isWhole, true)
  t.strictSame(done.slice(1), ['a'])
})

t.test('a change is applied to the directory before answers are forgotten', async t => {
  const steps: string[] = []
  const apply = makeApply({
    async refreshDirectory({ prefixes, subjects }) {
      await new Promise(setImmediate)
      steps.push(`refresh ${prefixes.join()} ${subjects.join()}`)
    },
    forget: keys => void steps.push(`forget ${keys.join()}`),
  })

  await apply([
    { keys: ['a'], directory: { prefixes: [['handle', '88.118.8']], subjects: ['alpha'] } },
    { keys: ['b'], directory: null },
  ])
  await apply([{ keys: ['c'] }])

  t.strictSame(steps, ['refresh handle,88.118.8 alpha', 'forget a,b', 'forget c'])
})

t.test('answers are forgotten even when the directory cannot be read', async t => {
  const forgotten: string[] = []
  const apply = makeApply({
    refreshDirectory: async () => {
      throw new Error('away')
    },
    forget: keys => void forgotten.push(...keys),
  })

  const applying = apply([
    { keys: ['a'], directory: { prefixes: [['handle', '88.118.8']], subjects: [] } },
  ])

  await t.rejects(applying, { message: 'away' })
  t.strictSame(forgotten, ['a'])
})
