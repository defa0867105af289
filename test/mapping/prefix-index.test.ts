import fc from 'fast-check'
import t from 'tap'
import { PrefixIndex } from '../../src/mapping/prefix-index.ts'
import { walk } from '../../src/mapping/prefix-walk.ts'
import { type System, systems } from '../../src/model/identifier.ts'

interface Row {
  readonly system: System
  readonly prefix: string
  readonly version: number
}

/** What the index must do, with a map of texts. */
class Model {
  readonly #rows = new Map<string, Row>()

  put(row: Row): void {
    this.#rows.set(keyOf(row.system, row.prefix), row)
  }

  find(system: System, prefix: string): Row | undefined {
    return this.#rows.get(keyOf(system, prefix))
  }

  match(system: System, authority: string): Row | undefined {
    for (const prefix of walk(system, authority)) {
      const row = this.find(system, prefix)
      if (row !== undefined) return row
    }
    return undefined
  }
}

function keyOf(system: System, prefix: string): string {
  return `${system === 'code' ? 'handle' : system}:${prefix}`
}

/** Few letters and all separators, so that prefixes lie below, beside and across each other. */
const text = fc
  .array(fc.constantFrom('8', '88', '1', '10064', '6901', '.', '/', ':', 'did:', 'a', '企'), {
    minLength: 1,
    maxLength: 9,
  })
  .map(parts => parts.join(''))
const operation = fc.record({
  do: fc.constantFrom('put', 'put', 'find', 'match', 'match', 'match'),
  system: fc.constantFrom<System>(...systems),
  text,
  version: fc.nat(9),
})

t.test('whatever is put in, the index finds what a map finds', async t => {
  const operations = fc.sample(operation, { numRuns: 100_000, seed: 20_261_123 })
  const index = new PrefixIndex<Row>(7)
  const model = new Model()
  const counts = { hit: 0, miss: 0 }

  for (const { do: doing, system, text, version } of operations) {
    if (doing === 'put') {
      const row = { system, prefix: text, version }
      index.put(row)
      model.put(row)
      continue
    }
    const found = { find: index.find(system, text), match: index.match(system, text) }
    const wanted = { find: model.find(system, text), match: model.match(system, text) }
    counts[wanted.match === undefined ? 'miss' : 'hit'] += 1
    if (found.find !== wanted.find || found.match !== wanted.match) {
      t.same(found, wanted, `${system} ${text}`)
      return
    }
  }

  t.ok(counts.hit > 10_000 && counts.miss > 10_000, JSON.stringify(counts))
})

t.test('a row that comes again replaces the former one', async t => {
  const index = new PrefixIndex<Row>(0)
  const former: Row = { system: 'handle', prefix: '88.118.8', version: 1 }
  index.put(former)
  index.put({ system: 'gs1', prefix: '6901234', version: 1 })

  t.equal(index.put({ system: 'code', prefix: '88.118.8', version: 2 }), former)
  t.equal(index.size, 2)
  t.equal(index.match('handle', '88.118.8')?.version, 2)
  t.strictSame([...index.rows()].map(({ version }) => version).sort(), [1, 2])
})

t.test('what is asked may be of any length', async t => {
  const index = new PrefixIndex<Row>(0)
  index.put({ system: 'url', prefix: 'a.com', version: 1 })
  index.put({ system: 'handle', prefix: '8'.repeat(255), version: 1 })

  t.equal(index.match('url', `a.com/${'x/'.repeat(100_000)}`)?.prefix, 'a.com')
  t.equal(index.match('handle', `${'8'.repeat(255)}${'.1'.repeat(1000)}`)?.version, 1)
  t.equal(index.match('handle', '8'.repeat(256)), undefined)
  t.equal(index.match('handle', ''), undefined)
  t.equal(index.match('oid', '1.2.3'), undefined)
})

t.test('prefixes whose hashes meet are told apart by their text', async t => {
  // One seed for all would let two systems' rows meet; so would a table that is never enlarged.
  const index = new PrefixIndex<Row>(1)
  const prefixes = Array.from({ length: 20_000 }, (_, at) => `88.118.${at}`)
  for (const prefix of prefixes) index.put({ system: 'handle', prefix, version: prefix.length })

  t.ok(prefixes.every(prefix => index.match('handle', `${prefix}.x`)?.prefix === prefix))
  t.equal(index.match('oid', '88.118.7'), undefined)
})
