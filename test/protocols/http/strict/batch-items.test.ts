import fc from 'fast-check'
import t from 'tap'
import { findItems, makeBatchItems } from '../../../../src/protocols/http/strict/batch-items.ts'

const max = 20

function itemsOf(body: string): string[] {
  const items = makeBatchItems(max)
  const chunk = Buffer.from(`POST${body}GET`)
  const count = findItems(chunk, 4, chunk.length - 3, items)
  return Array.from({ length: count }, (_, i) =>
    chunk.toString('utf8', items.starts[i], items.ends[i]),
  )
}

const plain = fc.string({ unit: fc.constantFrom(..."aZ09-._~!$&'()*+,;=:@/"), minLength: 1 })

t.test('identifiers are found where programs write them, with and without spaces', async t => {
  fc.assert(
    fc.property(fc.array(plain, { minLength: 1, maxLength: max }), identifiers => {
      const body = JSON.stringify({ identifiers })
      const spaced = `{"identifiers": [${identifiers.map(each => JSON.stringify(each)).join(', ')}]}`

      t.strictSame(itemsOf(body), identifiers)
      t.strictSame(itemsOf(spaced), identifiers)
    }),
    { numRuns: 50 },
  )
})

t.test('whatever is found is what JSON reads, and anything else is nothing', async t => {
  const pieces = ['{"identifiers":', ' ', '[', ']', '}', '"', ',', 'a/b', '%', '\\', '\\u0041', 'é']
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map(each => each.join(''))
  const near = fc.constantFrom(
    ...['{"identifiers":["a","b"]}', '{"identifiers":["a", "b"]} ', '{"identifiers":["a" ,"b"]}'],
    ...['{"identifiers":[]}', '{"identifiers":[""]}', '{"identifiers":["a","b"],"x":1}'],
    ...[
      '{"identifiers":["a%20"]}',
      '{"identifiers":["a",]}',
      '{"identifiers":["a"',
      '{"identifiers":',
    ],
    JSON.stringify({ identifiers: Array(max).fill('a') }),
    JSON.stringify({ identifiers: Array(max + 1).fill('a') }),
  )
  fc.assert(
    fc.property(fc.oneof(texts, near), body => {
      const found = itemsOf(body)

      if (found.length > 0) t.strictSame(JSON.parse(body), { identifiers: found })
    }),
    { numRuns: 2_000 },
  )
  t.equal(itemsOf(JSON.stringify({ identifiers: Array(max).fill('a') })).length, max)
  t.equal(itemsOf(JSON.stringify({ identifiers: Array(max + 1).fill('a') })).length, 0)
})
