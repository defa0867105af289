import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import type { Identifier } from '../../src/model/identifier.ts'
import type { Prefix } from '../../src/model/prefix.ts'
import type { Value } from '../../src/model/value.ts'
import { makeAnswerCache } from '../../src/resolver/answer-cache.ts'
import { collectTrace, type TraceStep } from '../../src/resolver/trace.ts'
import { aPrefix, aSubject, aValue } from '../support/builders.ts'
import { aGate, aResolver } from './a-resolver.ts'

const sites = [{ address: '192.0.2.7', protocols: [{ protocol: 'TCP', port: 2641 }] }] as const
const delegated = aPrefix('88.118.9', { owner: 'beta', served: 'delegated', sites })
const beta = aSubject('beta')
const away = new Failure('UPSTREAM_AWAY')

/** A resolver whose neighbours say what `values` holds, or fail with `failure`. */
function aWorld({ mayAskForeign = false } = {}) {
  const said = {
    values: [aValue({ ttl: 100 })] as readonly Value[],
    failure: undefined as Failure | undefined,
    gate: Promise.resolve(),
    asked: [] as string[],
  }
  const upstream = {
    cache: makeAnswerCache({ entriesMax: 100, bytesMax: 1_000_000, absentMax: 10 }),
    mayAsk: (_: Identifier, prefix: Prefix | undefined) => prefix !== undefined || mayAskForeign,
    async ask({ text }: Identifier, _: Prefix | undefined, recursionCount: number) {
      said.asked.push(`${text} ${recursionCount}`)
      const { values, failure } = said
      await said.gate
      if (failure !== undefined) throw failure
      return { values, trust: 'unproven' as const }
    },
  }
  const world = aResolver({ prefixes: [delegated], subjects: [beta], parts: { upstream } })
  const recurse = (identifier = '88.118.9/x', more: Parameters<typeof world.ask>[1] = {}) =>
    world.ask(identifier, { recursionCount: 0, ...more })
  return { ...world, said, recurse }
}

t.test('a delegated site is asked only for who asks for that', async t => {
  const { ask, recurse, said } = aWorld()

  const plain = await ask('88.118.9/x')
  const { answer, source, trust, shared } = await recurse()

  t.not(plain.answer.referral, null)
  t.match(answer, { identifier: '88.118.9/x', kind: 'other', code: beta.code, referral: null })
  t.strictSame(answer.values, said.values)
  t.match({ source, trust }, { source: 'upstream', trust: 'unproven' })
  t.ok(shared)
  t.strictSame(said.asked, ['88.118.9/x 0'])
  t.not((await ask('88.118.9/x')).answer.referral, null, 'what was kept is not for the others')
})

t.test('an answer from elsewhere is kept for as long as its values may be', async t => {
  const { recurse, said, clock } = aWorld()
  await recurse()

  await clock.advance(99_000)
  const kept = await recurse('88.118.9/X')
  await clock.advance(2_000)
  const asked = await recurse()

  t.equal(kept.source, 'memory')
  t.equal(kept.ageSeconds, 99)
  t.equal(asked.source, 'upstream')
  t.equal(said.asked.length, 2)
})

t.test('a filter is applied here, so that all filters share what was said', async t => {
  const { recurse, said } = aWorld()
  said.values = [aValue(), aValue({ index: 2, type: 'EMAIL' })]

  const { answer } = await recurse('88.118.9/x', { filter: { types: ['email'], indexes: [] } })

  t.strictSame(
    answer.values.map(({ index }) => index),
    [2],
  )
  t.equal((await recurse()).answer.values.length, 2)
  t.equal(said.asked.length, 1)
})

t.test('values that are not public are not given on', async t => {
  const { recurse, said } = aWorld()
  said.values = [aValue(), aValue({ index: 2, permissions: '1100' })]

  const { answer } = await recurse()

  t.strictSame(
    answer.values.map(({ index }) => index),
    [1],
  )
})

t.test('many askers at once are one question', async t => {
  const { recurse, said } = aWorld()
  const { gate, open } = aGate()
  said.gate = gate

  const answers = [recurse(), recurse(), recurse()]
  open()

  t.equal((await Promise.all(answers)).length, 3)
  t.equal(said.asked.length, 1)
})

t.test('a question that has come further does not wait for one that may wait for it', async t => {
  const { recurse, said } = aWorld()

  await Promise.all([recurse(), recurse('88.118.9/x', { recursionCount: 3 })])

  t.strictSame(said.asked, ['88.118.9/x 0', '88.118.9/x 3'])
})

t.test('what the site does not know stays unknown for a moment', async t => {
  const { recurse, said, clock } = aWorld()
  said.failure = new Failure('IDENTIFIER_UNKNOWN')

  await t.rejects(recurse(), { code: 'IDENTIFIER_UNKNOWN' })
  await t.rejects(recurse(), { code: 'IDENTIFIER_UNKNOWN' })
  t.equal(said.asked.length, 1)
  await clock.advance(11_000)
  await t.rejects(recurse(), { code: 'IDENTIFIER_UNKNOWN' })
  t.equal(said.asked.length, 2)
})

t.test(
  'the last answer is given, marked stale, while the site is away, and not for ever',
  async t => {
    const { recurse, said, clock } = aWorld()
    await recurse()
    said.failure = away
    await clock.advance(101_000)
    const steps: TraceStep[] = []

    const { answer, source, shared } = await recurse('88.118.9/x', { trace: collectTrace(steps) })

    t.equal(answer.stale, true)
    t.equal(source, 'memory')
    t.equal(shared, undefined)
    t.match(steps.at(-1), { step: 'upstream', facts: { trust: 'unproven' } })
    await clock.advance(3_600_000)
    await t.rejects(recurse(), { code: 'UPSTREAM_AWAY' })
  },
)

t.test('nothing of a former site is given once the prefix is delegated elsewhere', async t => {
  const { recurse, said, directory } = aWorld()
  await recurse()
  said.failure = away

  directory.learn({ prefixes: [{ ...delegated, epoch: delegated.epoch + 1 }], subjects: [] })

  await t.rejects(recurse(), { code: 'UPSTREAM_AWAY' })
})

t.test('where a delegated prefix is served is answered here', async t => {
  const { recurse, said } = aWorld()

  const { answer } = await recurse('0.NA/88.118.9')

  t.not(answer.referral, null)
  t.strictSame(said.asked, [])
  await recurse('0.NA/88.118.9.5')
  t.strictSame(said.asked, ['0.NA/88.118.9.5 0'])
})

t.test('a foreign prefix is asked for only where there is somebody to ask', async t => {
  const alone = aWorld()
  const rooted = aWorld({ mayAskForeign: true })

  await t.rejects(alone.recurse('88.5.1/x'), { code: 'PREFIX_UNKNOWN' })
  const { answer } = await rooted.recurse('88.5.1/x')

  t.match(answer, { identifier: '88.5.1/x', code: null })
  t.strictSame(alone.said.asked, [])
})
