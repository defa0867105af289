import fc from 'fast-check'
import t from 'tap'
import { makeHasAuthority, type Place } from '../../src/access/authority.ts'
import type { IsUnder } from '../../src/access/parts.ts'
import { anyone, type Caller } from '../../src/model/caller.ts'

/** The rule in its plainest form: gs1 by digits, the rest by labels. */
const isUnder: IsUnder = (system, authority, prefix) => {
  if (system === 'gs1') return authority.startsWith(prefix)
  const labels = prefix.split('.')
  return authority.split('.').slice(0, labels.length).join('.') === labels.join('.')
}
const hasAuthority = makeHasAuthority({ isUnder })

function aCaller(more: Partial<Caller>): Caller {
  return { ...anyone, id: 'ab12cd34', role: 'enterprise', ...more }
}

function aPlace(authority: string, more: Partial<Place> = {}): Place {
  return { system: 'handle', authority, prefix: { owner: null, served: 'hosted' }, ...more }
}

t.test('an operator writes under every hosted prefix, and under no other', async t => {
  const operator = aCaller({ role: 'operator' })

  t.equal(hasAuthority(operator, aPlace('88.118.8')), true)
  t.equal(
    hasAuthority(
      operator,
      aPlace('6901234', { system: 'gs1', prefix: { owner: 's', served: 'hosted' } }),
    ),
    true,
  )
  t.equal(
    hasAuthority(operator, aPlace('88.118.9', { prefix: { owner: null, served: 'delegated' } })),
    false,
  )
})

t.test(
  'a caller writes under what its subject owns, and a prefix without owner is nobody’s',
  async t => {
    const caller = aCaller({ subject: 'subject-1' })
    const ownedBy = (owner: string | null) =>
      aPlace('88.118.8', { prefix: { owner, served: 'hosted' } })

    t.equal(hasAuthority(caller, ownedBy('subject-1')), true)
    t.equal(hasAuthority(caller, ownedBy('subject-2')), false)
    t.equal(hasAuthority(caller, ownedBy(null)), false)
    t.equal(hasAuthority(aCaller({ subject: null }), ownedBy(null)), false)
    t.equal(
      hasAuthority(
        caller,
        aPlace('88.118.8', { prefix: { owner: 'subject-1', served: 'delegated' } }),
      ),
      false,
    )
  },
)

t.test('a listed prefix covers itself and what is below, label by label', async t => {
  const caller = aCaller({ prefixes: ['88.118.8', '88.1'] })

  for (const authority of ['88.118.8', '88.118.8.1', '88.1', '88.1.5']) {
    t.equal(hasAuthority(caller, aPlace(authority)), true, authority)
  }
  for (const authority of ['88.118.80', '88.118', '88', '88.118.9', '88.11', '88.118.1', '188.1']) {
    t.equal(hasAuthority(caller, aPlace(authority)), false, authority)
  }
})

t.test('a listed prefix counts in its own system only', async t => {
  const caller = aCaller({ prefixes: ['gs1:6901234', 'oid:1.2.156.20009', '88.118.1'] })

  t.equal(hasAuthority(caller, aPlace('690123450000', { system: 'gs1' })), true)
  t.equal(hasAuthority(caller, aPlace('1.2.156.20009.1', { system: 'oid' })), true)
  t.equal(hasAuthority(caller, aPlace('6901234')), false)
  t.equal(hasAuthority(caller, aPlace('1.2.156.20009.1')), false)
  t.equal(hasAuthority(caller, aPlace('690123550000', { system: 'gs1' })), false)
  t.equal(hasAuthority(caller, aPlace('88.118.1', { system: 'code' })), false)
})

t.test('an entry of an unknown system or without a prefix opens nothing', async t => {
  const caller = aCaller({ prefixes: ['upc:88', ':88.118.8', '', 'gs1:', 'handle:'] })

  for (const authority of ['88.118.8', '88', '690', '']) {
    t.equal(hasAuthority(caller, aPlace(authority)), false, authority)
    t.equal(hasAuthority(caller, aPlace(authority, { system: 'gs1' })), false, authority)
  }
})

t.test('no prefix that merely begins with the same characters is ever covered', async t => {
  const label = fc.stringMatching(/^[0-9]{1,4}$/)
  const prefix = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'))

  fc.assert(
    fc.property(prefix, fc.stringMatching(/^[0-9]{1,3}$/), prefix, (listed, more, below) => {
      const caller = aCaller({ prefixes: [listed] })
      t.equal(hasAuthority(caller, aPlace(`${listed}${more}`)), false)
      t.equal(hasAuthority(caller, aPlace(`${listed}${more}.${below}`)), false)
      t.equal(hasAuthority(caller, aPlace(`${listed}.${below}`)), true)
    }),
    { numRuns: 200 },
  )
})
