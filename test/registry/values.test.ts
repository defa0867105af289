import t from 'tap'
import {
  normalizeValues,
  recordBytesMax,
  type ValueInput,
  valuesMax,
} from '../../src/registry/values.ts'

const at = new Date('2026-11-23T06:00:00.999Z')

function normal(more: Partial<ValueInput> = {}) {
  const [value] = normalizeValues([{ index: 1, type: 'URL', data: 'x', ...more }], at)
  return value!
}

const refused: readonly {
  readonly why: string
  readonly input: Partial<ValueInput>
  readonly rule: string
}[] = [
  { why: 'index 0', input: { index: 0 }, rule: 'value.index' },
  { why: 'an index beyond 2^31−1', input: { index: 2 ** 31 }, rule: 'value.index' },
  { why: 'half an index', input: { index: 1.5 }, rule: 'value.index' },
  { why: 'no type', input: { type: '' }, rule: 'value.type' },
  { why: 'a type with a blank', input: { type: 'A B' }, rule: 'value.type' },
  { why: 'a type of 129 bytes', input: { type: 'A'.repeat(129) }, rule: 'value.type' },
  { why: 'an invisible mark in a type', input: { type: 'U\u200bRL' }, rule: 'value.type' },
  {
    why: 'a secret key that everybody can read',
    input: { type: 'hs_seckey' },
    rule: 'value.secretIsPublic',
  },
  {
    why: 'half a byte of hex',
    input: { data: { format: 'hex', value: 'abc' } },
    rule: 'value.hex',
  },
  {
    why: 'base64 with blanks',
    input: { data: { format: 'base64', value: 'AP 8Q' } },
    rule: 'value.base64',
  },
  { why: 'base64url', input: { data: { format: 'base64', value: '_-8' } }, rule: 'value.base64' },
  { why: 'a link that is no JSON', input: { type: 'LINK', data: 'x' }, rule: 'link.json' },
  {
    why: 'a link of bytes',
    input: { type: 'link', data: { format: 'hex', value: '7b7d' } },
    rule: 'link.json',
  },
  {
    why: 'a link that runs something',
    input: { type: 'LINK', data: '{"rel":"about","href":"javascript:alert(1)"}' },
    rule: 'link.href',
  },
  { why: 'a negative ttl', input: { ttl: -1 }, rule: 'value.ttl' },
  { why: 'a fraction of a second', input: { ttl: 1.5 }, rule: 'value.ttl' },
  { why: 'a day as ttl', input: { ttl: '2027-01-01' }, rule: 'value.ttl' },
  { why: 'an instant of no time zone', input: { ttl: '2027-01-01T00:00:00' }, rule: 'value.ttl' },
  { why: 'no instant', input: { ttl: '2027-13-01T00:00:00Z' }, rule: 'value.ttl' },
  { why: 'five permissions', input: { permissions: '11101' }, rule: 'value.permissions' },
  { why: 'other permissions', input: { permissions: 'rwrw' }, rule: 'value.permissions' },
]

for (const { why, input, rule } of refused) {
  t.test(`${why} is refused`, t => {
    t.throws(() => normal(input), {
      code: 'INPUT_INVALID',
      errors: [{ rule, pointer: /^\/values\/0\// }],
    })
    t.end()
  })
}

t.test('what is not said has the defaults of RFC 3651 §3.1', t => {
  t.strictSame(normal(), {
    index: 1,
    type: 'URL',
    data: { format: 'string', value: 'x' },
    ttl: 86_400,
    timestamp: '2026-11-23T06:00:00Z',
    permissions: '1110',
    references: [],
  })
  t.end()
})

t.test('a ttl is relative seconds, or an end in UTC and whole seconds', t => {
  t.equal(normal({ ttl: 0 }).ttl, 0)
  t.equal(normal({ ttl: 2 ** 31 - 1 }).ttl, 2 ** 31 - 1)
  t.equal(normal({ ttl: '2027-01-01T00:00:00.999Z' }).ttl, '2027-01-01T00:00:00Z')
  t.equal(normal({ ttl: '2027-01-01T08:00:00+08:00' }).ttl, '2027-01-01T00:00:00Z')
  t.end()
})

t.test('bytes come as hex or base64, padded or not, and go as base64', t => {
  const stored = (data: ValueInput['data']) => normal({ data }).data

  t.strictSame(stored({ format: 'hex', value: '' }), { format: 'base64', value: '' })
  t.strictSame(stored({ format: 'hex', value: 'aB' }), { format: 'base64', value: 'qw==' })
  t.strictSame(stored({ format: 'base64', value: 'qw' }), { format: 'base64', value: 'qw==' })
  t.end()
})

t.test('members of data that nobody knows are not stored', t => {
  const data = { format: 'string', value: 'x', more: 'y' } as const

  t.strictSame(normal({ data }).data, { format: 'string', value: 'x' })
  t.end()
})

t.test('values are stored in the order of their indexes, and no index twice', t => {
  const values = (...indexes: number[]) =>
    indexes.map(index => ({ index, type: 'URL', data: String(index) }))

  t.strictSame(
    normalizeValues(values(30, 1, 7), at).map(({ index }) => index),
    [1, 7, 30],
  )
  t.throws(() => normalizeValues(values(1, 7, 1), at), {
    errors: [{ pointer: '/values/2/index', rule: 'value.repeatedIndex' }],
  })
  t.end()
})

t.test('a record has so many values and so many bytes', t => {
  const many = (count: number, data = 'x') =>
    Array.from({ length: count }, (_, n) => ({ index: n + 1, type: 'URL', data }))

  t.equal(normalizeValues(many(valuesMax), at).length, valuesMax)
  t.throws(() => normalizeValues(many(valuesMax + 1), at), { errors: [{ rule: 'values.count' }] })
  t.throws(() => normalizeValues(many(1, '码'.repeat(recordBytesMax / 3)), at), {
    errors: [{ rule: 'values.bytes' }],
  })
  t.end()
})

t.test('a broken link is refused with the place of its value', t => {
  const fine = '{"rel":"gs1:pip","href":"https://example.com/"}'
  const values = [fine, '{"rel":"gs1:pip"}'].map((data, place) => ({
    index: place + 1,
    type: 'LINK',
    data,
  }))

  t.throws(() => normalizeValues(values, at), {
    errors: [{ pointer: '/values/1/data', rule: 'link.href' }],
  })
  t.strictSame(normal({ type: 'LINK', data: fine }).data, { format: 'string', value: fine })
  t.end()
})

t.test('a hundred thousand links on one record are refused', t => {
  const link = '{"rel":"about","href":"https://example.com/"}'
  const many = Array.from({ length: 100_000 }, (_, n) => ({
    index: n + 1,
    type: 'LINK',
    data: link,
  }))

  t.throws(() => normalizeValues(many, at), { errors: [{ rule: 'values.count' }] })
  t.end()
})

t.test(
  'a value keeps its timestamp while nothing else changes, in whatever order it is said',
  t => {
    const admin = { handle: '0.NA/88.118.8', index: 300, permissions: '111111111111' }
    const swapped = { permissions: '111111111111', index: 300, handle: '0.NA/88.118.8' }
    const write = (value: ValueInput, before: ReturnType<typeof normalizeValues> = []) =>
      normalizeValues([value], before.length === 0 ? at : new Date('2027-01-01T00:00:00Z'), before)
    const first = write({ index: 100, type: 'HS_ADMIN', data: { format: 'admin', value: admin } })

    const same = write(
      { index: 100, type: 'HS_ADMIN', data: { format: 'admin', value: swapped } },
      first,
    )
    const other = write(
      { index: 100, type: 'HS_ADMIN', data: { format: 'admin', value: swapped }, ttl: 1 },
      first,
    )

    t.equal(same[0]?.timestamp, '2026-11-23T06:00:00Z')
    t.equal(other[0]?.timestamp, '2027-01-01T00:00:00Z')
    t.end()
  },
)

t.test('a secret key that only administrators can read is kept', async t => {
  t.equal(normal({ type: 'HS_SECKEY', permissions: '1100' }).permissions, '1100')
})
