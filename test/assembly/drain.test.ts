import t from 'tap'
import { drainTogether } from '../../src/assembly/drain.ts'
import { makeClosers } from '../../src/runtime/closers.ts'

const log = { warn: () => undefined }

t.test('all doors drain at the same time, and what lies below waits for the last', async t => {
  const events: string[] = []
  const closers = makeClosers(log)
  closers.add('store', () => events.push('store closed'))
  const onDrain = drainTogether(closers, 1_000)
  let beginSecond: () => void = () => undefined
  // In turn it would never end: the first door waits for the second one's beginning.
  const secondBegan = new Promise<void>(resolve => {
    beginSecond = resolve
  })
  onDrain(async () => {
    await secondBegan
    events.push('first ended')
  })
  onDrain(async () => {
    beginSecond()
    events.push('second ended')
  })

  const failed = await closers.close()

  t.same(failed, [])
  t.same(events, ['second ended', 'first ended', 'store closed'])
})

t.test('a door that fails to drain is told of, and the others are waited for', async t => {
  const closers = makeClosers(log)
  const onDrain = drainTogether(closers, 1_000)
  let hasEnded = false
  onDrain(async () => {
    throw new Error('broken')
  })
  onDrain(async () => {
    await new Promise(resolve => setImmediate(resolve))
    hasEnded = true
  })

  t.same(await closers.close(), ['doors'])
  t.ok(hasEnded)
})
