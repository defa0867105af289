import t from 'tap'
import type { TraceStep } from '../../src/resolver/trace.ts'
import {
  anAlias,
  anIdentifier,
  anOperator,
  aPrefix,
  aRecord,
  aSubject,
} from '../support/builders.ts'
import { aResolver } from './a-resolver.ts'

const item = '01/06901234567892'
const lot = `${item}/10/LOT1`
const serial = `${lot}/21/S1`
const alpha = aSubject('alpha')
const subjects = [alpha, aSubject('beta')]
const own = aPrefix('88.118.8', { owner: 'alpha' })
const others = aPrefix('88.118.9', { owner: 'beta' })
const company = aPrefix('6901234', { system: 'gs1', owner: 'alpha' })
const prefixes = [own, others, company]
const named = (identifier: string, name: string) =>
  aRecord({ identifier, aliases: [anAlias(name, 'gs1')] })
const theClass = named('88.118.8/CLASS', item)

async function traced(
  run: (trace: (step: TraceStep['step'], ...more: unknown[]) => void) => Promise<unknown>,
) {
  const steps: (readonly [TraceStep['step'], unknown])[] = []
  await run((step, _text, facts) => void steps.push([step, facts]))
  return steps
}

t.test('a serial without a record of its own is answered with its class', async t => {
  const { ask } = aResolver({ prefixes, subjects, records: [theClass] })

  const { answer } = await ask(serial)

  t.match(answer, { identifier: '88.118.8/CLASS', code: alpha.code })
  t.strictSame(answer.sameAs, [{ system: 'gs1', identifier: item }])
})

t.test(
  'the most particular record answers: a serial, whatever its lot, before the lot',
  async t => {
    const records = [
      theClass,
      named('88.118.8/LOT', lot),
      named('88.118.8/SERIAL', `${item}/21/S1`),
    ]
    const { ask } = aResolver({ prefixes, subjects, records })
    const asked = async (text: string) => (await ask(text)).answer.identifier

    t.equal(await asked(serial), '88.118.8/SERIAL')
    t.equal(await asked(`${lot}/21/S2`), '88.118.8/LOT')
    t.equal(await asked(`${item}/10/LOT2/21/S2`), '88.118.8/CLASS')
    t.equal(await asked(`${item}/10/LOT2/21/S1`), '88.118.8/SERIAL')
  },
)

t.test('a serial that was withdrawn is gone, and not its class', async t => {
  const gone = aRecord({ identifier: serial, gone: { reason: 'scrapped' } })
  const { ask } = aResolver({ prefixes, subjects, records: [theClass, gone] })

  await t.rejects(ask(serial), { code: 'IDENTIFIER_GONE' })
})

t.test('an unproven claim to a serial leads nowhere, and its class answers', async t => {
  const claim = aRecord({ identifier: '88.118.9/CLAIM', aliases: [anAlias(serial, 'gs1')] })
  const { ask } = aResolver({ prefixes, subjects, records: [theClass, claim] })

  t.equal((await ask(serial)).answer.identifier, '88.118.8/CLASS')
})

t.test('where no level is known the identifier is unknown, once', async t => {
  const outcomes: string[] = []
  const metrics = {
    resolved: (_: string, outcome: string) => void outcomes.push(outcome),
    storeAway: () => undefined,
    refreshed: () => undefined,
  }
  const { ask, store } = aResolver({ prefixes, subjects, parts: { metrics } })

  await t.rejects(ask(serial), { code: 'IDENTIFIER_UNKNOWN' })
  t.strictSame(outcomes, ['unknown'])
  t.strictSame(store.asked, [`gs1:${serial}`, `gs1:${item}/21/S1`, `gs1:${lot}`, `gs1:${item}`])
})

t.test('a record that comes is found at once, where its class answered before', async t => {
  const { ask, store, resolver } = aResolver({ prefixes, subjects, records: [theClass] })
  await ask(serial)
  store.put(named('88.118.8/SERIAL', serial))

  resolver.forget([`gs1:${serial}`, '88.118.8/serial'])

  t.equal((await ask(serial)).answer.identifier, '88.118.8/SERIAL')
})

t.test('a trace tells each level that was asked, and by what its prefix matched', async t => {
  const { ask } = aResolver({ prefixes, subjects, records: [theClass] })

  const steps = await traced(trace => ask(serial, { trace }))

  t.strictSame(
    steps.map(([step]) => step),
    // One look into memory and the store for each level.
    [
      ...['name', 'prefix', 'memory', 'store', 'level', 'memory', 'store', 'level'],
      ...['memory', 'store', 'level', 'memory', 'store', 'alias', 'visibility'],
    ],
  )
  const told = (wanted: string) => steps.flatMap(([step, facts]) => (step === wanted ? facts : []))
  t.match(told('prefix'), [{ prefix: '6901234', by: 'digit', owner: alpha.code }])
  t.strictSame(told('level'), [
    { level: 'instance', asked: `${item}/21/S1` },
    { level: 'batch', asked: lot },
    { level: 'class', asked: item },
  ])
  t.strictSame(told('alias'), [{ record: '88.118.8/CLASS', alias: item, standing: 'claimed' }])
})

t.test('a trace tells who held the prefix before, and is the only one to ask', async t => {
  let askedCount = 0
  const former = [{ code: '88.118.1/BETA', until: '2026-01-01T00:00:00.000Z' }]
  const { ask } = aResolver({
    prefixes,
    subjects,
    records: [aRecord()],
    parts: {
      async formerHolders() {
        askedCount += 1
        return former
      },
    },
  })
  await ask('88.118.8/ABC-1')
  t.equal(askedCount, 0)

  const steps = await traced(trace => ask('88.118.8/ABC-1', { trace }))

  t.match(steps[2], ['history', { former }])
})

/** A rule from an identifier to another, as a rule book has it. */
function ruled(pairs: Readonly<Record<string, string>>) {
  return {
    rewrite: ({ text }: { text: string }) => {
      const to = pairs[text]
      if (to === undefined) return undefined
      const content = { kind: 'exact', from: text, to } as const
      return {
        identifier: anIdentifier(to),
        rule: { id: 'r1', system: 'gs1', prefix: '6901234', position: 1, content } as const,
      }
    },
  }
}

t.test('a rule leads where no record has the name; a record of that name comes first', async t => {
  const records = [aRecord({ identifier: '88.118.8/RULED' }), named('88.118.8/NAMED', lot)]
  const parts = ruled({ [item]: '88.118.8/RULED', [lot]: '88.118.8/RULED' })
  const { ask } = aResolver({ prefixes, subjects, records, parts })

  t.equal((await ask(item)).answer.identifier, '88.118.8/RULED')
  t.equal((await ask(lot)).answer.identifier, '88.118.8/NAMED')
})

t.test('the rule of a serial comes before the record of its class', async t => {
  const records = [theClass, aRecord({ identifier: '88.118.8/S1' })]
  const { ask } = aResolver({
    prefixes,
    subjects,
    records,
    parts: ruled({ [serial]: '88.118.8/S1', [lot]: '88.118.8/NOWHERE' }),
  })

  t.equal((await ask(serial)).answer.identifier, '88.118.8/S1')
  t.equal((await ask(lot)).answer.identifier, '88.118.8/CLASS', 'a rule to nothing leads on')
})

t.test('rules are followed once: two that lead to each other lead nowhere', async t => {
  const parts = ruled({ [item]: lot, [lot]: item })
  const { ask, store } = aResolver({ prefixes, subjects, parts })

  await t.rejects(ask(item), { code: 'IDENTIFIER_UNKNOWN' })
  t.strictSame(store.asked, [`gs1:${item}`, `gs1:${lot}`])
})

t.test('a rule to what a site serves is answered with its referral', async t => {
  const delegated = aPrefix('88.118.9', {
    owner: 'alpha',
    served: 'delegated',
    sites: [{ address: '192.0.2.9', protocols: [{ protocol: 'TCP', port: 2641 }] }],
  })
  const { ask } = aResolver({
    prefixes: [own, company, delegated],
    subjects,
    parts: ruled({ [item]: '88.118.9/X' }),
  })

  t.match((await ask(item)).answer, { identifier: '88.118.9/X', referral: { prefix: '88.118.9' } })
})

t.test('whoever may read all sees all of what a rule or a class leads to', async t => {
  const { ask } = aResolver({ prefixes, subjects, records: [theClass] })

  const { answer } = await ask(serial, { caller: anOperator })

  t.equal(answer.identifier, '88.118.8/CLASS')
})
