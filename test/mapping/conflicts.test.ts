import fc from 'fast-check'
import t from 'tap'
import { overlapOf, overlapSearch } from '../../src/mapping/conflicts.ts'
import type { System } from '../../src/model/identifier.ts'

t.test('prefixes overlap part by part, never letter by letter', async t => {
  t.equal(overlapOf('handle', '88.118.8', '88.118.8'), 'same')
  t.equal(overlapOf('handle', '88.118.80', '88.118.8'), undefined)
  t.equal(overlapOf('handle', '88.118.8.1', '88.118.8'), 'below')
  t.equal(overlapOf('handle', '88.118.8', '88.118.8.1'), 'above')
  t.equal(overlapOf('handle', '88.101.0042', '88.101.42'), undefined)
  t.equal(overlapOf('gs1', '69012345', '6901234'), 'below')
  t.equal(overlapOf('gs1', '6901234', '69012345'), 'above')
  t.equal(overlapOf('gs1', '6901235', '6901234'), undefined)
  t.equal(overlapOf('oid', '2.999.11', '2.999.1'), undefined)
  t.equal(overlapOf('oid', '2.999.1.1', '2.999.1'), 'below')
  t.equal(overlapOf('did', 'did:web:a:b', 'did:web:a'), 'below')
  t.equal(overlapOf('url', 'example.com/a/b', 'example.com/a'), 'below')
  t.equal(overlapOf('url', 'example.com/ab', 'example.com/a'), undefined)
  t.equal(overlapOf('vaa', 'VAA1.2', 'VAA1'), 'below')
  t.equal(overlapOf('ecode', '300012345', '3000123'), 'below')
})

t.test('the search finds everything that overlaps', async () => {
  const system = fc.constantFrom<System[]>('handle', 'gs1', 'oid', 'vaa', 'ecode')
  const digits = fc.string({ unit: fc.constantFrom('1', '2'), minLength: 1, maxLength: 3 })
  const pair = system.chain(name => {
    const prefix = fc
      .array(digits, { minLength: 1, maxLength: 4 })
      .map(parts =>
        name === 'gs1' || name === 'ecode'
          ? `30001${parts.join('')}`.slice(0, 12)
          : `${name === 'vaa' ? 'VAA' : ''}2.${parts.join('.')}`,
      )
    return fc.tuple(fc.constant(name), prefix, prefix)
  })

  fc.assert(
    fc.property(pair, ([name, claimed, other]) => {
      const { above, belowStarts } = overlapSearch(name, claimed)
      const isFound =
        above.includes(other) ||
        belowStarts.some(start => other.startsWith(start) && other !== start)

      return isFound || overlapOf(name, claimed, other) === undefined
    }),
    { numRuns: 2_000 },
  )
})
