import t from 'tap'
import { watchPressure } from '../../src/runtime/pressure.ts'
import { aClock } from '../support/clock.ts'

t.test('a late event loop is pressure until it is on time again', async t => {
  const clock = aClock()
  let delayMs = 0
  const pressure = watchPressure({ clock, eventLoopDelayMs: () => delayMs, heapShare: () => 0.2 })
  await clock.advance(500)
  t.equal(pressure.why, undefined)

  delayMs = 900
  await clock.advance(500)
  t.equal(pressure.why, 'eventLoop')

  delayMs = 3
  await clock.advance(500)
  t.equal(pressure.why, undefined)
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
