import t from 'tap'
import { closedLoop, openLoop } from '../../src/load/pace.ts'

t.test('in a closed loop every question is due when somebody is free', async t => {
  const pace = closedLoop()

  t.equal(pace.take(5), 5)
  t.equal(pace.take(5), 5)
  t.equal(pace.overdue(1_000), 0)
})

t.test('at a rate questions are due one after another, whenever they are taken', async t => {
  const pace = openLoop(100, 1_000)

  const early = [pace.take(999), pace.take(1_000), pace.take(1_000)]
  const late = [pace.take(1_035), pace.take(1_035), pace.take(1_035), pace.take(1_035)]
  pace.stop()

  t.strictSame(early, [undefined, 1_000, undefined])
  t.strictSame(late, [1_010, 1_020, 1_030, undefined])
})

t.test('what nobody was free to ask is told', async t => {
  const pace = openLoop(1_000, 0)

  pace.take(0)
  const overdue = pace.overdue(10)
  pace.stop()

  t.equal(overdue, 10)
})

t.test('who found nothing due is called when something is', async t => {
  const startMs = performance.now()
  const pace = openLoop(50, startMs)
  pace.take(startMs)

  const calledAtMs = await new Promise<number>(resolve => {
    pace.wait(() => resolve(performance.now()))
  })
  pace.stop()

  t.ok(calledAtMs - startMs >= 20, `after ${calledAtMs - startMs} ms`)
})
