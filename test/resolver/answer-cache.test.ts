import t from 'tap'
import type { StoredRecord } from '../../src/model/record.ts'
import { type Entry, makeAnswerCache } from '../../src/resolver/answer-cache.ts'
import { anAlias, aRecord, aValue } from '../support/builders.ts'

function anEntry(record: StoredRecord | undefined): Entry {
  return {
    record,
    answer: undefined,
    bytes: new Map(),
    etag: '"0.0.0"',
    prefix: '88.118.8',
    prefixEpoch: 1,
    named: undefined,
    owner: null,
    ownerEpoch: 0,
    madeAtMs: 0,
    refreshAtMs: 1,
    expiresAtMs: 1,
  }
}

const bounds = { entriesMax: 100, bytesMax: 1_000_000, absentMax: 3 }

t.test('large records count for what they hold, not for one each', t => {
  const large = aRecord({
    values: [aValue({ data: { format: 'string', value: 'x'.repeat(1e5) } })],
  })
  const cache = makeAnswerCache(bounds)

  for (let n = 0; n < 50; n++) cache.set(`small-${n}`, anEntry(aRecord()))
  const small = cache.count
  for (let n = 0; n < 50; n++) cache.set(`large-${n}`, anEntry(large))

  t.equal(small, 50)
  t.ok(cache.count <= 10, `${cache.count} entries of 100 kB within 1 MB`)
  t.ok(cache.get('large-49'), 'the newest stay')
  t.end()
})

t.test('what many short values hold is counted too', t => {
  const values = Array.from({ length: 1000 }, (_, at) => aValue({ index: at + 1 }))
  const aliases = Array.from({ length: 500 }, (_, at) => anAlias(`1.2.156.${at}`, 'oid'))
  const references = Array.from({ length: 1000 }, () => ({ handle: '0.NA/88.118.8', index: 300 }))
  for (const large of [{ values }, { aliases }, { values: [aValue({ references })] }]) {
    const cache = makeAnswerCache(bounds)
    const record = aRecord(large)
    const length = JSON.stringify(record).length

    for (let n = 0; n < 50; n++) cache.set(`${n}`, anEntry(record))

    const counted = bounds.bytesMax / cache.count / 3
    t.ok(counted > 0.7 * length && counted < 1.5 * length, `${length} bytes, counted as ${counted}`)
  }
  t.end()
})

t.test('what is too large for the cache is not kept, nor is what it replaced', t => {
  const cache = makeAnswerCache({ ...bounds, bytesMax: 10_000 })
  const huge = aRecord({ values: [aValue({ data: { format: 'string', value: 'x'.repeat(1e5) } })] })

  cache.set('a', anEntry(aRecord()))
  cache.set('a', anEntry(huge))

  t.equal(cache.get('a'), undefined)
  t.end()
})

t.test('absent ones are bounded apart', t => {
  const cache = makeAnswerCache(bounds)
  cache.set('there', anEntry(aRecord()))

  for (let n = 0; n < 10; n++) cache.set(`absent-${n}`, anEntry(undefined))

  t.equal(cache.count, 4)
  t.ok(cache.get('there'))
  t.ok(cache.get('absent-9'))
  t.equal(cache.get('absent-0'), undefined)
  t.end()
})

t.test('a key is there or absent, never both', t => {
  const cache = makeAnswerCache(bounds)

  cache.set('a', anEntry(undefined))
  cache.set('a', anEntry(aRecord()))
  const created = cache.get('a')?.record
  cache.set('a', anEntry(undefined))
  const gone = cache.get('a')
  cache.evict('a')

  t.ok(created)
  t.equal(gone?.record, undefined)
  t.equal(cache.count, 0)
  t.equal(cache.get('a'), undefined)
  t.end()
})
