import t from 'tap'
import { systemClock } from '../../src/runtime/clock.ts'
import { aClock } from '../support/clock.ts'

t.test('the system clock tells the time of day and measures durations', async t => {
  const startedMs = systemClock.monotonicMs()

  await systemClock.sleep(5)

  t.ok(systemClock.monotonicMs() - startedMs >= 4)
  t.ok(Math.abs(systemClock.now() - Date.now()) < 1_000)
})

for (const [name, clock] of [
  ['the system clock', systemClock],
  ['the fake clock', aClock()],
] as const) {
  t.test(`${name}: a sleep ends with the reason of its signal`, async t => {
    const reason = new Error('enough')
    const stop = new AbortController()
    const sleeping = clock.sleep(60_000, stop.signal)

    stop.abort(reason)

    await t.rejects(sleeping, reason)
    await t.rejects(clock.sleep(60_000, AbortSignal.abort(reason)), reason)
  })
}

t.test('a cancelled timer of the system clock does not call', async t => {
  const calls: string[] = []
  const once = systemClock.after(1, () => calls.push('once'))
  const often = systemClock.every(1, () => calls.push('often'))

  once.cancel()
  often[Symbol.dispose]()
  await systemClock.sleep(10)

  t.same(calls, [])
})

t.test('timers of the system clock call, once or again and again', async t => {
  const calls: string[] = []
  systemClock.after(1, () => calls.push('once'))
  using often = systemClock.every(1, () => calls.push('often'))

  while (calls.length < 4) await systemClock.sleep(2)
  often.cancel()

  t.equal(calls.filter(call => call === 'once').length, 1)
})

t.test('the fake clock calls what is due, in order, each at its own moment', async t => {
  const clock = aClock(1_000)
  const calls: [string, number][] = []
  clock.after(30, () => calls.push(['after', clock.now()]))
  const often = clock.every(20, () => calls.push(['every', clock.now()]))
  clock.sleep(50).then(() => calls.push(['sleep', clock.monotonicMs()]))

  await clock.advance(50)
  often.cancel()

  t.same(calls, [
    ['every', 1_020],
    ['after', 1_030],
    ['every', 1_040],
    ['sleep', 50],
  ])
  t.equal(clock.waiting, 0)
})
