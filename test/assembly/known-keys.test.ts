import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { openKnownKeys } from '../../src/assembly/known-keys.ts'
import type { Announcement } from '../../src/registry/parts.ts'
import { makeClosers } from '../../src/runtime/closers.ts'
import { makeLog } from '../../src/runtime/log.ts'
import { aClock } from '../support/clock.ts'
import { aStore } from '../support/store.ts'

/** The known keys of a process over an empty store, whose follower hears what a test lets it. */
async function aProcess(t: Test) {
  const clock = aClock()
  const log = makeLog({ level: 'fatal' })
  const closers = makeClosers(log)
  t.teardown(() => closers.close())
  const follower = { isWhole: true, heardAtMs: 0 }
  const knownKeys = openKnownKeys(
    { config: { resolver: { knownKeysMax: 1_000 } }, clock, closers, log, metrics: new Registry() },
    await aStore(t),
    () => follower,
  )
  knownKeys.startOver()
  while (knownKeys.mayHave('none')) await new Promise(setImmediate)
  return { clock, follower, knownKeys }
}

const announced = (more: Partial<Announcement>): Announcement => ({
  identifier: '88.118.8/a',
  prefix: '88.118.8',
  serial: 1,
  op: 'created',
  kind: 'product',
  keys: ['88.118.8/a'],
  ...more,
})
const grown = { prefixes: [['handle', '88.118.8']] as const, subjects: [] }

t.test('what the change feed has not said lately is not known', async t => {
  const { clock, follower, knownKeys } = await aProcess(t)

  await clock.advance(501)
  const tooLong = knownKeys.mayHave('none')
  follower.heardAtMs = 400
  const lately = knownKeys.mayHave('none')
  follower.isWhole = false

  t.strictSame([tooLong, lately, knownKeys.mayHave('none')], [true, false, true])
})

t.test('it stands aside for a second behind a write that does not name all it wrote', async t => {
  const { clock, follower, knownKeys } = await aProcess(t)
  knownKeys.committed([announced({}), announced({ kind: 'prefix', directory: grown })])
  const ordinary = knownKeys.mayHave('none')

  knownKeys.committed([announced({ directory: grown })])
  const atOnce = knownKeys.mayHave('none')
  await clock.advance(1_000)
  follower.heardAtMs = 1_000

  t.strictSame([ordinary, atOnce, knownKeys.mayHave('none')], [false, true, false])
})
