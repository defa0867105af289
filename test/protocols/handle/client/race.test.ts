import t from 'tap'
import { race } from '../../../../src/protocols/handle/client/race.ts'
import { ServerAway } from '../../../../src/protocols/handle/client/server-away.ts'
import { aClock } from '../../../support/clock.ts'

const away = new ServerAway('away')

/** Attempts that end when told to. */
function aRace(candidates: readonly string[]) {
  const clock = aClock()
  const outer = new AbortController()
  const started: string[] = []
  const aborted: string[] = []
  const ends = new Map<string, { win: (value: string) => void; lose: (error: unknown) => void }>()
  const result = race(
    candidates,
    (candidate, signal) => {
      started.push(candidate)
      signal.addEventListener('abort', () => aborted.push(candidate))
      return new Promise<string>((win, lose) => ends.set(candidate, { win, lose }))
    },
    { clock, signal: outer.signal },
  )
  return { clock, outer, started, aborted, ends, result }
}

t.test('the second begins after a head start, and the first to answer ends the others', async t => {
  const { clock, started, aborted, ends, result } = aRace(['v6', 'v4', 'third'])

  t.strictSame(started, ['v6'])
  await clock.advance(250)
  t.strictSame(started, ['v6', 'v4'])
  ends.get('v4')?.win('answer')

  t.equal(await result, 'answer')
  t.strictSame(aborted, ['v6', 'v4'])
  t.equal(clock.waiting, 0)
})

t.test('a failure starts the next at once, and the last one is the failure of all', async t => {
  const { clock, started, ends, result } = aRace(['a', 'b'])

  ends.get('a')?.lose(new ServerAway('first'))
  await clock.advance(0)
  t.strictSame(started, ['a', 'b'])
  ends.get('b')?.lose(away)

  await t.rejects(result, { message: 'away' })
})

t.test('nobody to ask, an end from outside and our own mistakes end it', async t => {
  await t.rejects(aRace([]).result, ServerAway)

  const ended = aRace(['a'])
  ended.outer.abort(new Error('enough'))
  await t.rejects(ended.result, { message: 'enough' })
  t.strictSame(ended.aborted, ['a'])

  const broken = aRace(['a', 'b'])
  broken.ends.get('a')?.lose(new TypeError('ours'))
  await t.rejects(broken.result, TypeError)
  t.strictSame(broken.started, ['a'])
})
