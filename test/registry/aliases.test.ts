import t from 'tap'
import { anAlias, anOperator } from '../support/builders.ts'
import { postgres } from '../support/postgres-server.ts'
import { testWith } from '../support/throw-away.ts'
import { aCore } from './a-core.ts'

const core = await aCore(t)
const { identifiers, prefixes, ask, database } = core
const alpha = await core.enterprise('alpha')
const beta = await core.enterprise('beta')
await core.prefix('88.118.8', { owner: alpha.of.code })
await core.prefix('88.118.7', { owner: beta.of.code })
await core.prefix('6901234', { system: 'gs1', owner: alpha.of.code })

let count = 0
/** A name, and an OID under an arc of its own, that no other story uses. */
function aStory() {
  count += 1
  return {
    mine: `88.118.8/m${count}`,
    theirs: `88.118.7/t${count}`,
    arc: `2.999.${count}`,
    oid: `2.999.${count}.7`,
  }
}
const called = (...texts: string[]) => ({
  values: texts.map((data, at) => ({ index: at + 1, type: 'OID', data })),
})
const byAlpha = { caller: alpha }
const byBeta = { caller: beta }

t.test(
  'a value of an alias type names the record in the other system, whatever its spelling',
  async t => {
    const { mine } = aStory()
    const values = [{ index: 1, type: 'GS1', data: '(01)06901234567892' }]

    const { record } = await identifiers.create(mine, { values }, byAlpha)

    t.strictSame(record.aliases, [anAlias('01/06901234567892', 'gs1')])
    t.equal((await ask('https://id.example.cn/01/06901234567892')).identifier, mine)
    t.strictSame((await ask(mine)).sameAs, [{ system: 'gs1', identifier: '01/06901234567892' }])
  },
)

t.test('an alias whose text is nothing of its system is refused', async t => {
  const { mine } = aStory()
  const values = [{ index: 1, type: 'GS1', data: '01/06901234567890' }]

  await t.rejects(identifiers.create(mine, { values }, byAlpha), {
    code: 'INPUT_INVALID',
    errors: [{ pointer: '/values/0/data', rule: /^gs1\./ }],
  })
})

t.test('an alias ends with its value, and with its record', async t => {
  const { mine, arc, oid } = aStory()
  await core.prefix(arc, { system: 'oid', owner: alpha.of.code })
  await identifiers.create(mine, called(oid, `${arc}.8`), byAlpha)
  await ask(oid)

  await identifiers.replace(mine, called(`${arc}.8`), byAlpha)
  await t.rejects(ask(oid), { code: 'IDENTIFIER_UNKNOWN' })
  t.equal((await ask(`${arc}.8`)).identifier, mine)

  await identifiers.remove(mine, {}, byAlpha)
  await t.rejects(ask(`${arc}.8`), { code: 'IDENTIFIER_UNKNOWN' })
})

t.test('an alias under a prefix the owner does not hold is kept and leads nowhere', async t => {
  const { mine, arc, oid } = aStory()
  await core.prefix(arc, { system: 'oid', owner: beta.of.code })

  const { record } = await identifiers.create(mine, called(oid), byAlpha)

  t.match(record.aliases, [{ text: oid, standing: 'claimed' }])
  await t.rejects(ask(oid), { code: 'IDENTIFIER_UNKNOWN' })
  t.strictSame((await ask(mine)).sameAs, [])
})

t.test('what an operator writes leads, and still does after its owner has written', async t => {
  const { mine, oid } = aStory()

  await identifiers.create(mine, called(oid), { caller: anOperator })
  const byOperator = await ask(oid)
  await identifiers.replace(mine, { ...called(oid), kind: 'equipment' }, byAlpha)

  t.equal(byOperator.identifier, mine)
  t.match(await ask(oid), { identifier: mine, kind: 'equipment' })
})

t.test('proven first, a second record gets 409', async t => {
  const { mine, theirs, arc, oid } = aStory()
  await core.prefix(arc, { system: 'oid', owner: alpha.of.code })
  await identifiers.create(mine, called(oid), byAlpha)
  const taken = { code: 'ALREADY_EXISTS', errors: [{ pointer: '/values', rule: 'alias.taken' }] }

  await t.rejects(identifiers.create(theirs, called(oid), byBeta), taken)
  await t.rejects(identifiers.create(`${mine}-2`, called(oid), byAlpha), taken)
  await t.rejects(ask(theirs), { code: 'IDENTIFIER_UNKNOWN' }, 'nothing of it was written')
})

t.test('unproven first, who holds the prefix takes the alias over', async t => {
  const { mine, theirs, arc, oid } = aStory()
  await core.prefix(arc, { system: 'oid', owner: alpha.of.code })
  await identifiers.create(theirs, called(oid), byBeta)
  await t.rejects(ask(oid), { code: 'IDENTIFIER_UNKNOWN' })

  await identifiers.create(mine, called(oid), byAlpha)

  t.equal((await ask(oid)).identifier, mine)
  await t.rejects(identifiers.replace(theirs, called(oid), byBeta), { code: 'ALREADY_EXISTS' })
})

t.test('unproven first and unproven second: the second gets 409', async t => {
  const { mine, theirs, oid } = aStory()
  await identifiers.create(theirs, called(oid), byBeta)

  await t.rejects(identifiers.create(mine, called(oid), byAlpha), { code: 'ALREADY_EXISTS' })
})

t.test(
  'a claim keeps nobody from registering the identifier itself, and never overrides it',
  async t => {
    const { theirs } = aStory()
    const gtin = '01/06901234000016'
    const claim = { values: [{ index: 1, type: 'GS1', data: gtin }] }
    await identifiers.create(theirs, claim, byBeta)

    await identifiers.create(gtin, { kind: 'product' }, byAlpha)

    t.match(await ask(gtin), {
      identifier: gtin,
      system: 'gs1',
      kind: 'product',
      code: alpha.of.code,
    })
    await t.rejects(identifiers.replace(theirs, claim, byBeta), { code: 'ALREADY_EXISTS' })
  },
)

t.test('an alias that leads keeps others from registering the identifier', async t => {
  const { mine } = aStory()
  const gtin = '01/06901234000023'
  await identifiers.create(mine, { values: [{ index: 1, type: 'GS1', data: gtin }] }, byAlpha)

  await t.rejects(identifiers.create(gtin, {}, byAlpha), { code: 'ALREADY_EXISTS' })
})

t.test('a registered identifier is no alias of another record, nor of itself', async t => {
  const { mine } = aStory()
  const gtin = '01/06901234000030'
  const values = [{ index: 1, type: 'GS1', data: gtin }]
  const { record } = await identifiers.create(gtin, { values }, byAlpha)

  t.strictSame(record.aliases, [])
  await t.rejects(identifiers.create(mine, { values }, byAlpha), { code: 'ALREADY_EXISTS' })
})

t.test('a record has at most 64 aliases', async t => {
  const { mine, arc } = aStory()
  const many = (length: number) => called(...Array.from({ length }, (_, n) => `${arc}.${n + 1}`))

  await t.rejects(identifiers.create(mine, many(65), byAlpha), {
    code: 'INPUT_INVALID',
    errors: [{ rule: 'alias.count' }],
  })
  await identifiers.create(mine, many(64), byAlpha)
})

t.test(
  'handing over the alias’s prefix ends the alias at once, and giving it back revives it',
  async t => {
    const { mine, arc, oid } = aStory()
    await core.prefix(arc, { system: 'oid', owner: alpha.of.code })
    await identifiers.create(mine, called(oid), byAlpha)
    await ask(oid)
    await ask(mine)

    await prefixes.patch('oid', arc, { owner: beta.of.code }, { caller: anOperator })
    await t.rejects(ask(oid), { code: 'IDENTIFIER_UNKNOWN' })
    t.strictSame((await ask(mine)).sameAs, [])

    await prefixes.patch('oid', arc, { owner: alpha.of.code }, { caller: anOperator })
    t.equal((await ask(oid)).identifier, mine)
    t.match((await ask(mine)).sameAs, [{ identifier: oid }])
  },
)

t.test('handing over the record’s prefix ends its aliases at once', async t => {
  const { arc, oid } = aStory()
  await core.prefix(arc, { system: 'oid', owner: alpha.of.code })
  await core.prefix('88.118.4', { owner: alpha.of.code })
  await identifiers.create('88.118.4/x', called(oid), byAlpha)
  t.equal((await ask(oid)).identifier, '88.118.4/x')

  await prefixes.patch('handle', '88.118.4', { owner: beta.of.code }, { caller: anOperator })

  await t.rejects(ask(oid), { code: 'IDENTIFIER_UNKNOWN' })
  t.match(await ask('88.118.4/x'), { code: beta.of.code, sameAs: [] })
})

t.test('records of other systems see the hand-over of their aliases’ prefixes too', async t => {
  const { arc, oid } = aStory()
  // Owned by nobody, so that no owner's epoch tells of the change.
  await core.prefix('6905555', { system: 'gs1' })
  await core.prefix(arc, { system: 'oid' })
  const gtin = '01/06905555000014'
  await identifiers.create(gtin, called(oid), { caller: anOperator })
  await database.query(
    `update records set aliases = replace(aliases::text, 'granted', 'released')::json where identifier = $1`,
    [gtin],
  )
  t.match((await ask(gtin, { fresh: true })).sameAs, [{ identifier: oid }])

  await prefixes.patch('oid', arc, { owner: beta.of.code }, { caller: anOperator })

  t.strictSame((await ask(gtin)).sameAs, [])
})

testWith(
  t,
  [postgres],
  'of two records that claim one alias at once one gets it (postgres)',
  async t => {
    const { identifiers, enterprise, prefix, ask } = await aCore(t, 'postgres')
    const caller = await enterprise('alpha')
    await prefix('88.118.8', { owner: caller.of.code })
    await prefix('2.999.1', { system: 'oid', owner: caller.of.code })

    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, n) =>
        identifiers.create(`88.118.8/${n}`, called('2.999.1.7'), { caller }),
      ),
    )

    const won = results.flatMap(result =>
      result.status === 'fulfilled' ? [result.value.record] : [],
    )
    t.equal(won.length, 1)
    t.equal((await ask('2.999.1.7')).identifier, won[0]?.identifier)
  },
)
