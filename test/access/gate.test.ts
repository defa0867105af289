import t from 'tap'
import { makeGate } from '../../src/access/gate.ts'

/** Pieces of work that end when a test says so. */
function someWork() {
  const ends: (() => void)[] = []
  const started: string[] = []
  return {
    started,
    named: (name: string) => async () => {
      started.push(name)
      await new Promise<void>(end => ends.push(end))
      return name
    },
    endFirst: () => ends.shift()?.(),
  }
}

/** Whatever can go on has gone on. */
const settled = () => new Promise(setImmediate)

t.test('as many run at once as may, the others in the order of asking', async t => {
  const gate = makeGate({ atOnce: 2, waitingMax: 8 })
  const work = someWork()
  const all = ['a', 'b', 'c', 'd'].map(name => gate.run(work.named(name)))

  await settled()
  t.strictSame(work.started, ['a', 'b'])
  work.endFirst()
  await settled()
  t.strictSame(work.started, ['a', 'b', 'c'])
  for (let left = 3; left > 0; left--) {
    work.endFirst()
    await settled()
  }

  t.strictSame(await Promise.all(all), ['a', 'b', 'c', 'd'])
})

t.test('who finds all places for waiting taken is told so at once', async t => {
  const gate = makeGate({ atOnce: 1, waitingMax: 1 })
  const work = someWork()
  const first = gate.run(work.named('a'))
  const second = gate.run(work.named('b'))

  await t.rejects(gate.run(work.named('c')), { code: 'OVERLOADED' })
  await settled()
  work.endFirst()
  await first
  await settled()
  work.endFirst()
  await second

  t.strictSame(work.started, ['a', 'b'])
})

t.test('work that fails leaves its place to the next', async t => {
  const gate = makeGate({ atOnce: 1, waitingMax: 1 })

  const failed = gate.run(async () => {
    throw new Error('broken')
  })
  const next = gate.run(async () => 'done')

  await t.rejects(failed, /broken/)
  t.equal(await next, 'done')
})
