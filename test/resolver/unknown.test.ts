import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import { makeKnownKeys } from '../../src/resolver/known-keys.ts'
import { collectTrace, type TraceStep } from '../../src/resolver/trace.ts'
import { anAlias, anIdentifier, aPrefix, aRecord, aSubject } from '../support/builders.ts'
import { aResolver, type World } from './a-resolver.ts'

const own = aPrefix('88.118.8', { owner: 'alpha' })
const company = aPrefix('6901234', { system: 'gs1', owner: 'alpha' })
const world = {
  prefixes: [
    own,
    company,
    aPrefix('88.118.7', { state: 'disabled' }),
    aPrefix('88.118.9', { served: 'delegated' }),
  ],
  subjects: [aSubject('alpha')],
  records: [
    aRecord({ identifier: '88.118.8/ABC-1', aliases: [anAlias('01/06901234567892', 'gs1')] }),
    aRecord({ identifier: '88.118.8/GONE', gone: { reason: null } }),
  ],
} satisfies World

/** A resolver that knows the keys of its records, once they have been read. */
async function aKnowing(t: { teardown(end: () => void): void }, parts: World['parts'] = {}) {
  const keys = world.records.flatMap(({ key, aliases }) => [key, ...aliases.map(each => each.key)])
  const knownKeys = makeKnownKeys({
    stored: {
      estimate: async () => 0,
      async *pages() {
        yield keys
      },
    },
    isFollowing: () => true,
    keysMax: 1_000_000,
    random: () => 0x9e3779b9,
    sleep: async () => undefined,
    onError: error => {
      throw error
    },
  })
  t.teardown(() => knownKeys.close())
  knownKeys.startOver()
  while (!knownKeys.state.isUsed) await new Promise(setImmediate)
  return { knownKeys, ...aResolver({ ...world, parts: { mayHave: knownKeys.mayHave, ...parts } }) }
}

t.test('what no record or alias has is refused without asking the store', async t => {
  const { ask, store } = await aKnowing(t)

  for (const made of ['NONE', 'ABC-2', '阀门']) {
    await t.rejects(ask(`88.118.8/${made}`), { code: 'IDENTIFIER_UNKNOWN' })
  }
  await t.rejects(ask('01/06901234000016'), { code: 'IDENTIFIER_UNKNOWN' })

  t.strictSame(store.asked, [])
})

t.test('records, tombstones and aliases are asked for', async t => {
  const { ask } = await aKnowing(t)

  t.equal((await ask('88.118.8/abc-1')).answer.identifier, '88.118.8/ABC-1')
  t.equal((await ask('01/06901234567892')).answer.identifier, '88.118.8/ABC-1')
  await t.rejects(ask('88.118.8/GONE'), { code: 'IDENTIFIER_GONE' })
})

t.test('who asks past the caches asks the store', async t => {
  const { ask, store } = await aKnowing(t)
  store.put(aRecord({ identifier: '88.118.8/LATE' }))

  await t.rejects(ask('88.118.8/LATE'), { code: 'IDENTIFIER_UNKNOWN' })
  const { answer } = await ask('88.118.8/LATE', { fresh: true })

  t.equal(answer.identifier, '88.118.8/LATE')
})

t.test('a flood of made-up names leaves what is remembered alone', async t => {
  const { ask, store } = await aKnowing(t)
  await ask('88.118.8/ABC-1')

  for (let i = 0; i < 500; i++) await ask(`88.118.8/N${i}`).catch(() => undefined)
  await ask('88.118.8/ABC-1')

  t.equal(store.asked.filter(key => key === '88.118.8/abc-1').length, 1)
})

t.test('rules and levels are asked for by the keys they make', async t => {
  const { ask, resolver, store } = await aKnowing(t, {
    rewrite: ({ text }) =>
      text.startsWith('88.118.8/RULED')
        ? { identifier: anIdentifier('88.118.8/ABC-1'), rule: { id: 'r', content: {} } as never }
        : undefined,
  })

  const peeked = ['88.118.8/RULED-1', '01/06901234567892/21/S1'].map(text =>
    resolver.peekUnknown(anIdentifier(text)),
  )
  const ruled = await ask('88.118.8/RULED-1')
  const levelled = await ask('01/06901234567892/21/S1')

  t.strictSame(peeked, [undefined, undefined])
  t.equal(ruled.answer.identifier, '88.118.8/ABC-1')
  t.equal(levelled.answer.identifier, '88.118.8/ABC-1')
  t.strictSame(store.asked, ['88.118.8/abc-1', 'gs1:01/06901234567892'])
})

t.test('what memory alone refuses is what the long way refuses', async t => {
  const { ask, resolver } = await aKnowing(t, {
    mayBeIssued: ({ text }) => !text.endsWith('FORGED'),
  })
  const asked = {
    '88.118.8/NONE': 'IDENTIFIER_UNKNOWN',
    '88.118.8/FORGED': 'IDENTIFIER_UNKNOWN',
    '88.999.1/x': 'PREFIX_UNKNOWN',
    '01/09501234567891': 'PREFIX_UNKNOWN',
    '88.118.8/ABC-1': undefined,
    '88.118.8/GONE': undefined,
    '01/06901234567892': undefined,
    '0.NA/88.118.8': undefined,
    '88.118.7/x': undefined,
    '88.118.9/x': undefined,
  }
  for (const [text, code] of Object.entries(asked)) {
    t.equal(resolver.peekUnknown(anIdentifier(text)), code, text)
    if (code === undefined) continue
    const error = await ask(text).catch(error => error)
    t.strictSame(
      [error.code, error.detail, error.facts],
      [code, new Failure(code as 'PREFIX_UNKNOWN').detail, {}],
    )
  }
})

t.test('absence that was remembered is told from memory too, for as long as it is', async t => {
  const { ask, resolver, clock } = aResolver(world)
  const none = anIdentifier('88.118.8/NONE')
  const before = resolver.peekUnknown(none)
  await ask('88.118.8/NONE').catch(() => undefined)
  const after = resolver.peekUnknown(none)
  await clock.advance(11_000)

  t.strictSame([before, after], [undefined, 'IDENTIFIER_UNKNOWN'])
  t.equal(resolver.peekUnknown(none), undefined)
})

t.test('a trace says that the store was not asked', async t => {
  const { ask } = await aKnowing(t)
  const steps: TraceStep[] = []

  await ask('88.118.8/NONE', { trace: collectTrace(steps) }).catch(() => undefined)

  t.match(steps.at(-1), { step: 'store', text: { en: /need not be asked/ } })
})
