import t from 'tap'
import type { Prefix } from '../../src/model/prefix.ts'
import { anAlias, anIdentifier, aPrefix, aRecord, aSubject } from '../support/builders.ts'
import { aResolver } from './a-resolver.ts'

const gtin = '01/06901234567892'
const alpha = aSubject('alpha')
const beta = aSubject('beta')
const subjects = [alpha, beta]
const own = aPrefix('88.118.8', { owner: 'alpha' })
const company = aPrefix('6901234', { system: 'gs1', owner: 'alpha' })
const record = aRecord({ aliases: [anAlias(gtin, 'gs1')] })
const granted = aRecord({ aliases: [anAlias(gtin, 'gs1', 'granted')] })
const released = aRecord({ aliases: [anAlias(gtin, 'gs1', 'released')] })

t.test('an alias leads to its record while one subject owns both prefixes', async t => {
  const { ask } = aResolver({ prefixes: [own, company], subjects, records: [record] })

  const byAlias = await ask(gtin)
  const byName = await ask('88.118.8/ABC-1')

  t.match(byAlias.answer, { identifier: '88.118.8/ABC-1', system: 'handle', code: alpha.code })
  t.strictSame(byName.answer.sameAs, [{ system: 'gs1', identifier: gtin }])
})

const handOvers: readonly {
  name: string
  after: Partial<Prefix>
  of: Prefix & { serial: number }
}[] = [
  { name: 'the alias’s prefix goes to somebody else', of: company, after: { owner: 'beta' } },
  { name: 'the record’s prefix goes to somebody else', of: own, after: { owner: 'beta' } },
  { name: 'the alias’s prefix goes to nobody', of: company, after: { owner: null } },
  { name: 'the record’s prefix goes to nobody', of: own, after: { owner: null } },
  { name: 'the alias’s prefix is disabled', of: company, after: { state: 'disabled' } },
  { name: 'the record’s prefix is disabled', of: own, after: { state: 'disabled' } },
  { name: 'the record’s prefix is delegated', of: own, after: { served: 'delegated' } },
]

for (const { name, of, after } of handOvers) {
  t.test(`${name}: the alias leads nowhere at once, also from memory`, async t => {
    const { ask, resolver, directory } = aResolver({
      prefixes: [own, company],
      subjects,
      records: [record],
    })
    await ask(gtin)
    await ask('88.118.8/ABC-1')

    // What the registry writes on such a change: the row, both owners, and records whose aliases lie under it.
    const isOwn = of.prefix === own.prefix
    directory.learn({
      prefixes: [
        { ...own, ...(isOwn ? after : {}), epoch: 2 },
        ...(isOwn ? [] : [{ ...company, ...after, epoch: 2 }]),
      ],
      subjects: subjects.map(subject => ({ ...subject, epoch: 2 })),
    })

    t.equal(resolver.peek(anIdentifier(gtin)), undefined)
    await t.rejects(ask(gtin), { code: /^(IDENTIFIER|PREFIX)_UNKNOWN$/ })
    const byName = await ask('88.118.8/ABC-1').catch(() => undefined)
    t.strictSame(byName?.answer.sameAs ?? [], [])
  })
}

t.test('an alias whose prefix comes to the record’s owner begins to lead', async t => {
  const { ask, directory } = aResolver({
    prefixes: [own, { ...company, owner: 'beta' }],
    subjects,
    records: [record],
  })
  await t.rejects(ask(gtin), { code: 'IDENTIFIER_UNKNOWN' })

  directory.learn({ prefixes: [{ ...company, epoch: 2 }], subjects: [{ ...alpha, epoch: 2 }] })

  t.equal((await ask(gtin)).answer.identifier, '88.118.8/ABC-1')
})

t.test('a claim alone leads nowhere while nobody holds the alias’s prefix', async t => {
  const { ask } = aResolver({ prefixes: [own], subjects, records: [record] })

  await t.rejects(ask(gtin), { code: 'PREFIX_UNKNOWN' })
  t.strictSame((await ask('88.118.8/ABC-1')).answer.sameAs, [])
})

t.test('a released alias leads while nobody holds its prefix, and to its owner after', async t => {
  const { ask, directory } = aResolver({ prefixes: [own], subjects, records: [released] })

  const unheld = await ask(gtin)
  directory.learn({ prefixes: [{ ...company, owner: null }], subjects: [] })
  const ownerless = await ask(gtin)
  directory.learn({ prefixes: [{ ...company, owner: 'beta', epoch: 2 }], subjects: [] })

  t.equal(unheld.answer.identifier, '88.118.8/ABC-1')
  t.equal(ownerless.answer.identifier, '88.118.8/ABC-1')
  await t.rejects(ask(gtin), { code: 'IDENTIFIER_UNKNOWN' })
})

t.test('a released alias under a disabled prefix of somebody else is no name of ours', async t => {
  const disabled = aPrefix('6901234', { system: 'gs1', owner: 'beta', state: 'disabled' })
  const { ask } = aResolver({ prefixes: [own, disabled], subjects, records: [released] })

  t.strictSame((await ask('88.118.8/ABC-1')).answer.sameAs, [])
})

t.test('what an operator or a grant wrote leads whoever holds the prefix', async t => {
  const { ask } = aResolver({
    prefixes: [own, { ...company, owner: 'beta' }],
    subjects,
    records: [granted],
  })

  const { answer } = await ask(gtin)

  t.match(answer, { code: alpha.code, sameAs: [{ identifier: gtin }] })
})

t.test('a hand-over from nobody is seen through an alias too', async t => {
  const nobodys = { ...own, owner: null }
  const { ask, resolver, directory } = aResolver({
    prefixes: [nobodys, { ...company, owner: 'beta' }],
    subjects,
    records: [granted],
  })
  const before = await ask(gtin)

  directory.learn({
    prefixes: [{ ...own, epoch: 2 }],
    subjects: [{ ...alpha, epoch: 2 }],
  })

  t.equal(before.answer.code, null)
  t.equal(resolver.peek(anIdentifier(gtin)), undefined)
  t.equal((await ask(gtin)).answer.code, alpha.code)
})

t.test('a record’s tombstone takes its aliases along', async t => {
  const { ask, resolver, store } = aResolver({
    prefixes: [own, company],
    subjects,
    records: [record],
  })
  await ask(gtin)

  store.put({ ...record, aliases: [], gone: { reason: null }, serial: 2 })
  resolver.forget([record.key, anIdentifier(gtin).key])

  await t.rejects(ask(gtin), { code: 'IDENTIFIER_UNKNOWN' })
})
