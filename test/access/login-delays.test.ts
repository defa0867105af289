import t from 'tap'
import {
  type Attempts,
  accountDelayMsMax,
  addressDelayMsMax,
  makeAddressDelays,
  waitMs,
  withAttempt,
} from '../../src/access/login-delays.ts'

t.test('five attempts are free, each further one doubles the wait up to its end', async t => {
  const waits: number[] = []
  let attempts: Attempts | undefined
  let nowMs = 0
  for (let count = 0; count < 18; count++) {
    const wait = waitMs(attempts, nowMs, accountDelayMsMax)
    waits.push(wait / 1000)
    nowMs += wait
    attempts = withAttempt(attempts, nowMs)
  }

  t.strictSame(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
})

t.test('attempts are forgotten a day after the last', async t => {
  const many: Attempts = { failures: 30, lastAtMs: 0 }
  const dayMs = 24 * 3_600_000

  t.equal(waitMs(many, 60_000, accountDelayMsMax), 840_000)
  t.equal(withAttempt(many, dayMs - 1).failures, 31)
  t.equal(withAttempt(many, dayMs).failures, 1)
})

t.test('addresses wait a minute at most, and are free again when somebody gets in', async t => {
  const delays = makeAddressDelays()
  for (let count = 0; count < 5; count++) t.equal(delays.take('a', 0), 0)

  t.equal(delays.take('a', 0), 1_000)
  t.equal(delays.take('a', 999), 1, 'who asks too early is not counted again')
  t.equal(delays.take('b', 0), 0)
  for (let atMs = 1_000; atMs < 3_600_000; atMs += addressDelayMsMax) {
    t.equal(delays.take('a', atMs), 0)
  }
  delays.succeeded('a')
  t.equal(delays.take('a', 0), 0)
})

t.test('no more addresses are remembered than there is room for', async t => {
  const delays = makeAddressDelays()
  for (let count = 0; count < 5; count++) delays.take('first', 0)

  for (let count = 0; count < 20_000; count++) delays.take(`address ${count}`, 0)

  t.equal(delays.take('first', 0), 0)
})
