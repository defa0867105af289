import t from 'tap'
import { watchPressure } from '../../src/runtime/pressure.ts'
import { aClock } from '../support/clock.ts'

t.test('an event loop that stays late is pressure until it is on time again', async t => {
  const clock = aClock()
  const told: unknown[] = []
  let delayMs = 900
  const pressure = watchPressure({
    clock,
    eventLoopDelayMs: () => delayMs,
    heapShare: () => 0.2,
    onChange: why => told.push(why),
  })
  await clock.advance(1_000)
  t.equal(pressure.why, undefined, 'a moment is no pressure')

  await clock.advance(500)
  t.equal(pressure.why, 'eventLoop')

  delayMs = 3
  await clock.advance(500)
  t.equal(pressure.why, undefined)
  t.strictSame(told, ['eventLoop', undefined])
})

t.test('a heap that is nearly full is pressure', async t => {
  const clock = aClock()
  const pressure = watchPressure({ clock, eventLoopDelayMs: () => 0, heapShare: () => 0.9 })

  await clock.advance(500)

  t.equal(pressure.why, 'heap')
})

t.test('a process that does nothing much is under no pressure', async t => {
  const clock = aClock()
  const pressure = watchPressure({ clock })
  t.teardown(() => pressure.close())
  await new Promise(resolve => setTimeout(resolve, 60))

  await clock.advance(500)

  t.equal(pressure.why, undefined)
})
