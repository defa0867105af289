import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import type { TraceStep } from '../../src/resolver/trace.ts'
import { collectTrace } from '../../src/resolver/trace.ts'
import {
  aCaller,
  anAlias,
  anIdentifier,
  anOperator,
  aPrefix,
  aRecord,
  aSubject,
  aValue,
} from '../support/builders.ts'
import { aGate, aResolver } from './a-resolver.ts'

const ours = aPrefix('88.118.8', { owner: 'alpha' })
const alpha = aSubject('alpha')
const beta = aSubject('beta')
const subjects = [alpha, beta]
const away = new Failure('STORE_AWAY')

t.test('what is registered under an enabled prefix is answered with its owner', async t => {
  const { ask } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })

  const { answer, source } = await ask('88.118.8/ABC-1')

  t.equal(source, 'store')
  t.strictSame(answer, {
    identifier: '88.118.8/ABC-1',
    system: 'handle',
    kind: 'product',
    code: alpha.code,
    values: [aValue()],
    prefixes: [{ system: 'handle', prefix: '88.118.8', for: ['product', 'equipment'] }],
    sameAs: [],
    referral: null,
    serial: 1,
    asOf: '2026-11-23T06:00:00Z',
    ttlSeconds: 300,
  })
})

t.test('any spelling asks for the same thing and gets the canonical one', async t => {
  const { ask, store } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })

  await ask('88.118.8/ABC-1')
  const { answer, source } = await ask('hdl:88.118.8/abc-1')

  t.equal(answer.identifier, '88.118.8/ABC-1')
  t.equal(source, 'memory')
  t.strictSame(store.asked, ['88.118.8/abc-1'])
})

for (const state of ['awaiting', 'disabled'] as const) {
  t.test(`a prefix that is ${state} does not resolve, not even from memory`, async t => {
    const { ask, resolver, directory, store } = aResolver({
      prefixes: [ours],
      subjects,
      records: [aRecord()],
    })
    await ask('88.118.8/ABC-1')

    directory.learn({ prefixes: [{ ...ours, state, epoch: 2 }], subjects: [] })

    await t.rejects(ask('88.118.8/ABC-1'), { code: 'PREFIX_UNKNOWN' })
    await t.rejects(ask('88.118.8'), { code: 'PREFIX_UNKNOWN' })
    t.equal(resolver.peek(anIdentifier('88.118.8/ABC-1')), undefined)
    t.equal(store.asked.length, 1)
  })
}

t.test('the node answers for its own prefix and not for what it has not allotted', async t => {
  const { ask, store } = aResolver({
    prefixes: [aPrefix('88.118')],
    records: [aRecord({ identifier: '88.118/NODE' })],
  })

  const own = await ask('88.118/NODE')

  t.equal(own.answer.identifier, '88.118/NODE')
  await t.rejects(ask('88.118.77/x'), { code: 'PREFIX_UNKNOWN' })
  await t.rejects(ask('0.NA/88.118.77'), { code: 'PREFIX_UNKNOWN' })
  t.strictSame(store.asked, ['88.118/node'])
})

t.test('a delegated prefix is answered with a referral, without asking the store', async t => {
  const sites = [{ address: '192.0.2.7', protocols: [{ protocol: 'TCP', port: 2641 }] }] as const
  const { ask, store } = aResolver({
    prefixes: [aPrefix('88.118.9', { owner: 'beta', served: 'delegated', sites })],
    subjects,
  })

  const thing = await ask('88.118.9/x')
  const below = await ask('0.NA/88.118.9.5')

  t.strictSame(thing.answer.referral, { prefix: '88.118.9', kind: 'service', sites })
  t.equal(thing.answer.code, beta.code)
  t.match(below.answer, { kind: 'prefix', referral: { prefix: '88.118.9', kind: 'prefix' } })
  t.strictSame(store.asked, [])
})

t.test('no such identifier, no such prefix and a tombstone are three answers', async t => {
  const tombstone = aRecord({
    identifier: '88.118.8/old',
    values: [],
    gone: { reason: '停产' },
    successor: '88.118.8/new',
    serial: 3,
  })
  const { ask } = aResolver({ prefixes: [ours], subjects, records: [tombstone] })

  await t.rejects(ask('88.118.8/nothing'), { code: 'IDENTIFIER_UNKNOWN' })
  await t.rejects(ask('88.999.1/x'), { code: 'PREFIX_UNKNOWN' })
  await t.rejects(ask('01/06901234567892'), { code: 'PREFIX_UNKNOWN' })
  await t.rejects(ask('88.118.8/old'), {
    code: 'IDENTIFIER_GONE',
    facts: { reason: '停产', successor: '88.118.8/new' },
  })
  await t.rejects(ask('88.118.8/old'), { code: 'IDENTIFIER_GONE' }, 'from memory too')
  t.throws(() => anIdentifier('88.118.8/'), { code: 'IDENTIFIER_MALFORMED' })
})

t.test('a bare prefix is a question: it is known when allotted, and only then', async t => {
  const { ask } = aResolver({ prefixes: [ours], subjects })

  const { answer } = await ask('88.118.8')

  t.match(answer, { identifier: '0.NA/88.118.8', kind: 'prefix', code: alpha.code, values: [] })
  await t.rejects(ask('0.NA/88.118.8.nothing'), { code: 'IDENTIFIER_UNKNOWN' })
})

t.test('a text that cannot be a code of ours never reaches the store', async t => {
  const { ask, store } = aResolver({
    prefixes: [aPrefix('88.118.1')],
    parts: { mayBeIssued: identifier => identifier.system !== 'code' },
  })

  await t.rejects(ask('1XJRACLXEEWEA9'), { code: 'IDENTIFIER_UNKNOWN' })
  t.strictSame(store.asked, [])
})

t.test('a code answers with its subject, also once that is revoked', async t => {
  const code = '88.118.1/1XJRACLXEEWEA9'
  const subject = aSubject('gamma', { code, name: '示例公司' })
  const codes = aPrefix('88.118.1')
  const { ask, directory } = aResolver({
    prefixes: [codes, aPrefix('88.118.8', { owner: 'gamma' })],
    subjects: [subject],
    records: [aRecord({ identifier: code, kind: 'subject', values: [], subject: 'gamma' })],
  })

  const active = await ask('1XJRA-CLXE-EWEA9')
  directory.learn({
    prefixes: [],
    subjects: [{ ...subject, status: 'revoked', successor: '88.118.1/NEXT', epoch: 2 }],
  })
  const revoked = await ask('1XJRA-CLXE-EWEA9')

  t.match(active.answer, { kind: 'subject', code, status: 'active', successor: null })
  t.match(active.answer.prefixes, [{ system: 'handle', prefix: '88.118.8' }])
  t.strictSame(
    active.answer.values.map(({ index, type, data }) => [index, type, data.value]),
    [
      [1, 'URL', `https://id.example.cn/C/${code}`],
      [2, 'NAME', '示例公司'],
      [3, 'STATUS', 'active'],
      [10, 'PREFIX', '{"system":"handle","prefix":"88.118.8","for":["product","equipment"]}'],
      [100, 'HS_ADMIN', { handle: '0.NA/88.118.1', index: 300, permissions: '011111110011' }],
    ],
  )
  t.match(revoked.answer, { status: 'revoked', successor: '88.118.1/NEXT' })
  t.equal(revoked.answer.values[2]?.data.value, 'revoked')
})

t.test('an answer names 32 prefixes of its owner and says that there are more', async t => {
  const many = Array.from({ length: 33 }, (_, at) =>
    aPrefix(`2.999.${at}`, { system: 'oid', owner: 'alpha' }),
  )
  const disabled = aPrefix('2.999.99', { system: 'oid', owner: 'beta', state: 'disabled' })
  const theirs = aPrefix('88.118.7', { owner: 'beta' })
  const { ask } = aResolver({
    prefixes: [ours, ...many, theirs, disabled],
    subjects,
    records: [aRecord(), aRecord({ identifier: '88.118.7/x' })],
  })

  const { answer } = await ask('88.118.8/ABC-1')
  const few = await ask('88.118.7/x')

  t.equal(answer.prefixes.length, 32)
  t.equal(answer.morePrefixes, true)
  t.match(few.answer.prefixes, [{ prefix: '88.118.7' }])
  t.equal(few.answer.prefixes.length, 1, 'a prefix that is not enabled is not shown')
  t.equal(few.answer.morePrefixes, undefined)
})

t.test('hidden values are withheld from anyone and seen by owner and operator', async t => {
  const hidden = aValue({ index: 2, type: 'COST', permissions: '1100' })
  const { ask } = aResolver({
    prefixes: [ours],
    subjects,
    records: [aRecord({ values: [aValue(), hidden] })],
  })

  const public_ = await ask('88.118.8/ABC-1')
  const stranger = await ask('88.118.8/ABC-1', { caller: aCaller({ id: 'b', subject: 'beta' }) })
  const owner = await ask('88.118.8/ABC-1', { caller: aCaller({ id: 'a', subject: 'alpha' }) })
  const operator = await ask('88.118.8/ABC-1', { caller: anOperator })
  const again = await ask('88.118.8/ABC-1')

  for (const { answer, shared } of [public_, stranger, again]) {
    t.strictSame(answer.values, [aValue()])
    t.strictSame(answer.withheld, [{ index: 2, type: 'COST', reason: 'notPublic' }])
    t.ok(shared)
  }
  for (const { answer, shared } of [owner, operator]) {
    t.strictSame(answer.values, [aValue(), hidden])
    t.equal(answer.withheld, undefined)
    t.equal(shared, undefined, 'what not everybody sees is never shared')
  }
})

t.test('values are chosen by type, by index, and by both together', async t => {
  const values = [
    aValue({ index: 1, type: 'URL' }),
    aValue({ index: 2, type: 'URL.manual' }),
    aValue({ index: 3, type: 'URLS' }),
    aValue({ index: 4, type: 'NAME' }),
    aValue({ index: 5, type: 'URL.secret', permissions: '1100' }),
  ]
  const { ask } = aResolver({ prefixes: [ours], subjects, records: [aRecord({ values })] })
  const indexesOf = async (types: string[], indexes: number[]) => {
    const { answer, shared } = await ask('88.118.8/ABC-1', { filter: { types, indexes } })
    t.equal(shared, undefined)
    return [answer.values.map(({ index }) => index), (answer.withheld ?? []).map(w => w.index)]
  }

  t.strictSame(await indexesOf(['url'], []), [[1], []])
  t.strictSame(await indexesOf(['URL.'], []), [[1, 2], [5]])
  t.strictSame(await indexesOf([], [4, 99]), [[4], []])
  t.strictSame(await indexesOf(['URLS'], [4]), [[3, 4], []])
  t.strictSame(await indexesOf(['EMAIL'], []), [[], []])
})

t.test('an answer lives as long as its shortest value allows, and no longer than ours', async t => {
  const ttlOf = async (...ttls: (number | string)[]) => {
    const values = ttls.map((ttl, at) => aValue({ index: at + 1, ttl }))
    const { ask } = aResolver({ prefixes: [ours], subjects, records: [aRecord({ values })] })
    return (await ask('88.118.8/ABC-1')).answer.ttlSeconds
  }

  t.equal(await ttlOf(86_400), 300)
  t.equal(await ttlOf(86_400, 60), 60)
  t.equal(await ttlOf('2026-11-23T06:00:45Z'), 45)
  t.equal(await ttlOf('2020-01-01T00:00:00Z'), 0)
})

t.test('an entry is used until its time is over, and its age is told', async t => {
  const { ask, clock, store } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  await ask('88.118.8/ABC-1')

  await clock.advance(269_500)
  const young = await ask('88.118.8/ABC-1')
  await clock.advance(30_500)
  const old = await ask('88.118.8/ABC-1')

  t.match(young, { source: 'memory', ageSeconds: 269 })
  t.match(old, { source: 'store', ageSeconds: 0 })
  t.equal(store.asked.length, 2)
})

t.test('entries made together end apart, by the share of jitter at most', async t => {
  const sourceAfter = async (ms: number, random: number) => {
    const { ask, clock } = aResolver({
      prefixes: [ours],
      subjects,
      records: [aRecord()],
      parts: { random: () => random, ttlJitter: 0.2 },
    })
    await ask('88.118.8/ABC-1')
    await clock.advance(ms)
    return (await ask('88.118.8/ABC-1')).source
  }

  t.equal(await sourceAfter(269_999, 0.5), 'memory')
  t.equal(await sourceAfter(270_000, 0.5), 'store')
  t.equal(await sourceAfter(299_999, 0), 'memory')
  t.equal(await sourceAfter(300_000, 0), 'store')
})

t.test('who asks past the caches is answered by the store, and others profit', async t => {
  const { ask, store } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  await ask('88.118.8/ABC-1')
  store.put(aRecord({ serial: 2 }))

  const cached = await ask('88.118.8/ABC-1')
  const fresh = await ask('88.118.8/ABC-1', { fresh: true })
  const after = await ask('88.118.8/ABC-1')

  t.strictSame(
    [cached, fresh, after].map(({ answer }) => answer.serial),
    [1, 2, 2],
  )
  t.equal(after.source, 'memory')
})

t.test('the hot path gives what the long way gives, and nothing that needs more work', async t => {
  const { ask, resolver, clock } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  const peek = () => resolver.peek(anIdentifier('88.118.8/ABC-1'))

  const before = peek()
  const asked = await ask('88.118.8/ABC-1')
  const peeked = peek()
  await ask('88.118.8/none').catch(() => undefined)
  const absent = resolver.peek(anIdentifier('88.118.8/none'))
  await clock.advance(300_000)

  t.equal(before, undefined)
  t.equal(peeked?.answer, asked.answer)
  t.equal(peeked?.etag, asked.etag)
  t.equal(absent, undefined)
  t.equal(peek(), undefined, 'expired')
})

t.test('an answer is encoded once for each form', async t => {
  const encoded: string[] = []
  const { ask, resolver } = aResolver({
    prefixes: [ours],
    subjects,
    records: [aRecord()],
    parts: {
      encode: (_, form) => {
        encoded.push(form)
        return Buffer.from(form)
      },
    },
  })

  for (let round = 0; round < 3; round++) {
    const { shared } = await ask('88.118.8/ABC-1')
    t.equal(String(resolver.bytes(shared!, 'json')), 'json')
    t.equal(String(resolver.bytes(shared!, 'protobuf')), 'protobuf')
  }

  t.strictSame(encoded, ['json', 'protobuf'])
})

t.test('500 who ask at once for one key are one question to the store', async t => {
  const { ask, store } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  const { gate, open } = aGate()
  store.gate = gate

  const asking = Array.from({ length: 500 }, () => ask('88.118.8/ABC-1'))
  open()
  const answers = await Promise.all(asking)

  t.equal(store.asked.length, 1)
  t.ok(answers.every(({ answer }) => answer.serial === 1))
})

t.test('a failed load is not remembered and not joined afterwards', async t => {
  const { ask, store } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  store.failure = away
  await t.rejects(ask('88.118.8/ABC-1'), { code: 'STORE_AWAY' })
  store.failure = undefined

  t.match(await ask('88.118.8/ABC-1'), { source: 'store' })
})

t.test('a load under way when a change is committed is neither kept nor joined', async t => {
  const { ask, resolver, store } = aResolver({
    prefixes: [ours],
    subjects,
    records: [aRecord({ serial: 1 })],
  })
  const { gate, open } = aGate()
  store.gate = gate
  const early = ask('88.118.8/ABC-1')
  await new Promise(setImmediate)

  store.put(aRecord({ serial: 2 }))
  resolver.forget(['88.118.8/abc-1'])
  store.gate = Promise.resolve()
  const late = await ask('88.118.8/ABC-1')
  open()
  const before = await early
  const after = await ask('88.118.8/ABC-1')

  t.equal(late.answer.serial, 2)
  t.equal(before.answer.serial, 1, 'who asked before the change may hear of before')
  t.match(after, { answer: { serial: 2 }, source: 'memory' })
})

t.test('a load under way when everything is forgotten is not kept either', async t => {
  const { ask, resolver, store } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  const { gate, open } = aGate()
  store.gate = gate
  const early = ask('88.118.8/ABC-1')
  await new Promise(setImmediate)

  resolver.forgetAll()
  open()
  await early
  await ask('88.118.8/ABC-1')

  t.equal(store.asked.length, 2)
})

t.test('absent identifiers are remembered briefly', async t => {
  const { ask, store, clock } = aResolver({ prefixes: [ours], subjects })
  const asked = () => ask('88.118.8/none').catch((error: Failure) => error.code)

  await asked()
  await clock.advance(9_999)
  await asked()
  const soon = store.asked.length
  await clock.advance(1)
  await asked()

  t.equal(soon, 1)
  t.equal(store.asked.length, 2)
})

t.test('a flood of unknown identifiers drives out no answer', async t => {
  const { ask, store } = aResolver({
    prefixes: [ours],
    subjects,
    records: [aRecord()],
    bounds: { entriesMax: 2, absentMax: 5 },
  })
  await ask('88.118.8/ABC-1')

  for (let n = 0; n < 50; n++) await ask(`88.118.8/none-${n}`).catch(() => undefined)
  const { source } = await ask('88.118.8/ABC-1')
  await ask('88.118.8/none-0').catch(() => undefined)

  t.equal(source, 'memory')
  t.equal(store.asked.length, 52, 'the absent ones are bounded')
})

t.test('a created identifier is there at once, although it was remembered as absent', async t => {
  const { ask, resolver, store } = aResolver({ prefixes: [ours], subjects })
  await t.rejects(ask('88.118.8/ABC-1'), { code: 'IDENTIFIER_UNKNOWN' })

  store.put(aRecord())
  resolver.forget(['88.118.8/abc-1'])

  t.equal((await ask('88.118.8/ABC-1')).answer.serial, 1)
})

t.test('handing a prefix over changes the next answers of both owners', async t => {
  const theirs = aPrefix('88.118.7', { owner: 'beta' })
  const { ask, resolver, directory } = aResolver({
    prefixes: [ours, aPrefix('88.118.6', { owner: 'alpha' }), theirs],
    subjects,
    records: ['88.118.8/x', '88.118.6/x', '88.118.7/x'].map(identifier => aRecord({ identifier })),
  })
  const glance = async (identifier: string) => {
    const { answer } = await ask(identifier)
    return [answer.code, answer.prefixes.map(({ prefix }) => prefix)]
  }
  for (const identifier of ['88.118.8/x', '88.118.6/x', '88.118.7/x']) await ask(identifier)

  directory.learn({
    prefixes: [{ ...ours, owner: 'beta', epoch: 2 }],
    subjects: subjects.map(subject => ({ ...subject, epoch: 2 })),
  })

  t.equal(resolver.peek(anIdentifier('88.118.6/x')), undefined, 'also the owner’s other answers')
  t.strictSame(await glance('88.118.8/x'), [beta.code, ['88.118.7', '88.118.8']])
  t.strictSame(await glance('88.118.6/x'), [alpha.code, ['88.118.6']])
  t.strictSame(await glance('88.118.7/x'), [beta.code, ['88.118.7', '88.118.8']])
})

t.test('a prefix allotted below another one takes over at once', async t => {
  const wide = aPrefix('6901234', { system: 'gs1', owner: 'alpha' })
  const { ask, directory } = aResolver({
    prefixes: [wide],
    subjects,
    records: [aRecord({ identifier: '01/06901234567892', prefix: '6901234' })],
  })
  const before = await ask('01/06901234567892')

  directory.learn({
    prefixes: [aPrefix('69012345', { system: 'gs1', owner: 'beta' })],
    subjects: [{ ...beta, epoch: 2 }],
  })
  const after = await ask('01/06901234567892')

  t.equal(before.answer.code, alpha.code)
  t.equal(after.answer.code, beta.code)
})

t.test('while the store is away, expired entries are served and say so', async t => {
  const { ask, store, clock } = aResolver({
    prefixes: [ours],
    subjects,
    records: [aRecord(), aRecord({ identifier: '88.118.8/old', gone: { reason: null } })],
  })
  await ask('88.118.8/ABC-1')
  await ask('88.118.8/old').catch(() => undefined)
  await ask('88.118.8/none').catch(() => undefined)
  store.failure = away
  await clock.advance(3_600_000)

  const { answer, shared, source, ageSeconds } = await ask('88.118.8/ABC-1')

  t.equal(answer.stale, true)
  t.match({ shared, source, ageSeconds }, { shared: undefined, source: 'memory', ageSeconds: 3600 })
  await t.rejects(ask('88.118.8/old'), { code: 'IDENTIFIER_GONE' })
  await t.rejects(ask('88.118.8/none'), { code: 'STORE_AWAY' }, 'absence is never stale')
  await clock.advance(1)
  await t.rejects(ask('88.118.8/ABC-1'), { code: 'STORE_AWAY' }, 'not after staleSecondsMax')
})

t.test('a fresh entry needs no store and is not stale', async t => {
  const { ask, store } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  await ask('88.118.8/ABC-1')
  store.failure = away

  const { answer } = await ask('88.118.8/ABC-1')

  t.equal(answer.stale, undefined)
})

t.test('what a change made untrue is never served stale', async t => {
  const { ask, resolver, store, clock } = aResolver({
    prefixes: [ours],
    subjects,
    records: [aRecord()],
  })
  await ask('88.118.8/ABC-1')
  await clock.advance(300_000)
  const { gate, open } = aGate()
  store.gate = gate
  store.failure = away
  const asking = ask('88.118.8/ABC-1')
  await new Promise(setImmediate)

  resolver.forget(['88.118.8/abc-1'])
  open()

  await t.rejects(asking, { code: 'STORE_AWAY' }, 'not even to who asked before')
  await t.rejects(ask('88.118.8/ABC-1'), { code: 'STORE_AWAY' })
})

t.test('a stale answer still knows who owns it now', async t => {
  const { ask, store, directory } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  await ask('88.118.8/ABC-1')
  store.failure = away

  directory.learn({
    prefixes: [{ ...ours, owner: 'beta', epoch: 2 }],
    subjects: subjects.map(subject => ({ ...subject, epoch: 2 })),
  })
  const { answer } = await ask('88.118.8/ABC-1')

  t.match(answer, { code: beta.code, stale: true })
})

t.test('our own mistakes are not hidden behind a stale answer', async t => {
  const { ask, store, clock } = aResolver({ prefixes: [ours], subjects, records: [aRecord()] })
  await ask('88.118.8/ABC-1')
  await clock.advance(300_000)
  store.failure = new TypeError('a bug')

  await t.rejects(ask('88.118.8/ABC-1'), { name: 'TypeError' })
})

t.test('a trace tells every step, and where the answer came from', async t => {
  const alias = anAlias('01/06901234567892', 'gs1')
  const { ask, store, clock } = aResolver({
    prefixes: [ours, aPrefix('6901234', { system: 'gs1', owner: 'alpha' })],
    subjects,
    records: [aRecord({ aliases: [alias] })],
  })
  const traceOf = async (identifier: string) => {
    const steps: TraceStep[] = []
    await ask(identifier, { trace: collectTrace(steps) }).catch(() => undefined)
    return steps
  }
  const stepsOf = async (identifier: string) => (await traceOf(identifier)).map(({ step }) => step)

  const first = await traceOf('hdl:88.118.8/abc-1')

  t.strictSame(
    first.map(({ step }) => step),
    ['name', 'prefix', 'memory', 'store', 'visibility'],
  )
  t.match(first[0]?.facts, { system: 'handle', normal: '88.118.8/abc-1' })
  t.match(first[1]?.facts, { prefix: '88.118.8', state: 'enabled', served: 'hosted', epoch: 1 })
  await clock.advance(2_000)
  const second = await traceOf('88.118.8/ABC-1')
  t.match(second[2], { step: 'memory', facts: { ageSeconds: 2 } })
  t.strictSame(
    second.map(({ step }) => step),
    ['name', 'prefix', 'memory', 'visibility'],
  )
  t.strictSame(await stepsOf('01/06901234567892'), [
    'name',
    'prefix',
    'memory',
    'store',
    'alias',
    'visibility',
  ])
  t.strictSame(await stepsOf('88.118.8/none'), ['name', 'prefix', 'memory', 'store'])
  t.strictSame(await stepsOf('88.999.1/x'), ['name', 'prefix'])
  store.failure = away
  await clock.advance(300_000)
  t.strictSame(await stepsOf('88.118.8/ABC-1'), ['name', 'prefix', 'memory', 'store', 'visibility'])
})

t.test('every outcome is counted with where it came from', async t => {
  const counted: string[] = []
  const { ask } = aResolver({
    prefixes: [ours, aPrefix('88.118.9', { served: 'delegated' })],
    subjects,
    records: [aRecord(), aRecord({ identifier: '88.118.8/old', gone: { reason: null } })],
    parts: {
      metrics: {
        resolved: (source, outcome) => counted.push(`${source} ${outcome}`),
        storeAway: () => counted.push('away'),
        refreshed: result => counted.push(`refresh ${result}`),
      },
    },
  })

  const questions = ['ABC-1', 'ABC-1', 'old', 'none', 'none'].map(suffix => `88.118.8/${suffix}`)
  for (const identifier of [...questions, '88.118.9/x', '88.999.1/x']) {
    await ask(identifier).catch(() => undefined)
  }

  t.strictSame(counted, [
    'store answer',
    'memory answer',
    'store gone',
    'store unknown',
    'memory unknown',
    'memory referral',
    'memory unknown',
  ])
})
