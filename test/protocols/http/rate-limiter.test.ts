import t from 'tap'
import { makeRateLimiter } from '../../../src/protocols/http/rate-limiter.ts'

t.test("a second's worth may be spent at once, then as fast as the rate", async t => {
  const limiter = makeRateLimiter(1)
  const taken = Array.from({ length: 12 }, () => limiter.take('a', 10, 0))

  t.strictSame(taken.slice(0, 10), Array(10).fill(0))
  t.equal(taken[10], 100)
  t.equal(limiter.take('a', 10, 99), 1)
  t.equal(limiter.take('a', 10, 100), 0)
  t.ok(limiter.take('a', 10, 100) > 0)
  t.equal(limiter.take('a', 10, 5_000), 0)
})

t.test('parties are counted apart', async t => {
  const limiter = makeRateLimiter(1)
  limiter.take('a', 1, 0)

  t.ok(limiter.take('a', 1, 0) > 0)
  t.equal(limiter.take('b', 1, 0), 0)
})

t.test('a cost above the rate is let through once and leaves a debt', async t => {
  const limiter = makeRateLimiter(1)

  t.equal(limiter.take('a', 100, 0, 1_000), 0)
  t.equal(limiter.take('a', 100, 0), 9_010)
  t.equal(limiter.take('a', 100, 9_010), 0)
})

t.test('looking charges nothing', async t => {
  const limiter = makeRateLimiter(1)
  for (let i = 0; i < 5; i++) t.equal(limiter.wait('a', 1, 0), 0)

  limiter.take('a', 1, 0)

  t.equal(limiter.wait('a', 1, 0), 1_000)
})

t.test('over a long time no more passes than the rate and one burst', async t => {
  const limiter = makeRateLimiter(7)
  let passed = 0
  for (let now = 0; now < 10_000; now += 3) passed += limiter.take('a', 50, now) === 0 ? 1 : 0

  t.ok(passed <= 50 * 11)
  t.ok(passed >= 50 * 10)
})
