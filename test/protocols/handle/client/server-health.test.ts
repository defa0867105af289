import t from 'tap'
import { makeServerHealth } from '../../../../src/protocols/handle/client/server-health.ts'
import { aClock } from '../../../support/clock.ts'

t.test('a server that fails rests, twice as long each time, and at most half a minute', async t => {
  const clock = aClock()
  const health = makeServerHealth(clock)
  const rests: number[] = []

  for (let failure = 1; failure <= 8; failure++) {
    health.failed('a')
    let restMs = 0
    while (health.isResting('a')) {
      await clock.advance(500)
      restMs += 500
    }
    rests.push(restMs)
  }

  t.strictSame(rests, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

t.test('an answer ends the rest and its history', async t => {
  const clock = aClock()
  const health = makeServerHealth(clock)
  health.failed('a')
  health.failed('a')

  health.answered('a')

  t.notOk(health.isResting('a'))
  health.failed('a')
  await clock.advance(500)
  t.notOk(health.isResting('a'))
})

t.test('no more servers are remembered than the bound', async t => {
  const health = makeServerHealth(aClock())

  for (let n = 0; n <= 2_000; n++) health.failed(`server ${n}`)

  t.notOk(health.isResting('server 0'))
  t.ok(health.isResting('server 2000'))
})
