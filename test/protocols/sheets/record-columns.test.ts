import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { StoredRecord } from '../../../src/model/record.ts'
import type { Value } from '../../../src/model/value.ts'
import { openSheet } from '../../../src/protocols/sheets/open-sheet.ts'
import { readRecordRows, writeRecordRow } from '../../../src/protocols/sheets/record-columns.ts'
import { writeRecords } from '../../../src/protocols/sheets/write-records.ts'
import { normalizeValues, type ValueInput } from '../../../src/registry/values.ts'
import { aRecord, aValue } from '../../support/builders.ts'
import { bounds, rowsOf } from './a-sheet.ts'

function readCsvRow(cells: Record<string, string | number | null>) {
  return readRecordRows({ format: 'csv', columns: Object.keys(cells) })(cells)
}

t.test(
  'columns have Chinese, English and code names; the others are values by their place',
  async t => {
    const row = {
      identifier: '88.118.8/a',
      kind: 'product',
      values: [
        { index: 1, type: 'URL', data: 'https://example.com' },
        { index: 2, type: '名称', data: '轴承' },
      ],
    }
    t.same(
      readCsvRow({
        identifier: '88.118.8/a',
        kind: 'product',
        URL: 'https://example.com',
        名称: '轴承',
      }),
      row,
    )
    t.same(
      readCsvRow({ 标识: '88.118.8/a', URL: 'https://example.com', 种类: '产品', 名称: '轴承' }),
      row,
    )
    t.same(
      readCsvRow({
        Identifier: '88.118.8/a',
        KIND: ' Ｐroduct ',
        URL: 'https://example.com',
        名称: '轴承',
      }),
      row,
    )
  },
)

t.test('an index stands before the type; an empty cell is no value', async t => {
  const { values } = readCsvRow({
    标识: 'x',
    '10:URL': 'a',
    EMAIL: null,
    '3:3:x': 'b',
    '0:y': 'c',
    PHONE: 86,
  })

  t.same(values, [
    { index: 10, type: 'URL', data: 'a' },
    { index: 3, type: '3:x', data: 'b' },
    { index: 4, type: '0:y', data: 'c' },
    { index: 5, type: 'PHONE', data: '86' },
  ])
})

t.test(
  'an error file may be sent again as it is; a type of one of its names is a value',
  async t => {
    t.same(readCsvRow({ 标识: 'x', URL: 'a', row: 7, field: 'URL', reason: 'wrong' }).values, [
      { index: 1, type: 'URL', data: 'a' },
    ])
    t.same(readCsvRow({ 标识: 'x', reason: 'a' }).values, [{ index: 1, type: 'reason', data: 'a' }])
  },
)

t.test(
  'a value that is more than a text is JSON with data; the JSON of a link is a text',
  async t => {
    const link = '{"rel":"gs1:pip","href":"https://example.com"}'
    const { values } = readCsvRow({
      标识: 'x',
      A: '{"data":{"format":"base64","value":"AAA="},"permissions":"1100"}',
      B: link,
      C: '{"data":1,"other":2}',
      D: '{not json}',
      values: '[{"index":9,"type":"URL","data":"u"}]',
    })

    t.same(values, [
      { index: 1, type: 'A', data: { format: 'base64', value: 'AAA=' }, permissions: '1100' },
      { index: 2, type: 'B', data: link },
      { index: 3, type: 'C', data: '{"data":1,"other":2}' },
      { index: 4, type: 'D', data: '{not json}' },
      { index: 9, type: 'URL', data: 'u' },
    ])
  },
)

t.test('a line of NDJSON is what a single write takes, or flat', async t => {
  const read = readRecordRows({ format: 'ndjson', columns: [] })
  const whole = {
    identifier: 'x',
    kind: 'product',
    values: [{ index: 1, type: 'URL', data: 'u' }],
    successor: null,
  }

  t.same(read(whole), whole)
  t.same(read({ identifier: 'x', kind: '产品', URL: 'u' }), {
    identifier: 'x',
    kind: 'product',
    values: whole.values,
  })
  t.same(read({ identifier: 'x', EMAIL: 'e' }).values, [{ index: 1, type: 'EMAIL', data: 'e' }])
  t.throws(() => read({ ...whole, valuse: [] }), {
    errors: [{ pointer: '/valuse', rule: 'record.member' }],
  })
  t.throws(() => read({ ...whole, constructor: 1 }), { errors: [{ rule: 'record.member' }] })
  t.same(read({ ...whole, row: 3, field: '', reason: 'x' }), whole)
})

t.test('without an identifier there is no row, and without its column no file', async t => {
  t.throws(() => readCsvRow({ URL: 'a' }), { errors: [{ rule: 'sheet.columnMissing' }] })
  t.throws(() => readCsvRow({ 标识: 'x', identifier: 'y' }), {
    errors: [{ rule: 'sheet.repeatedColumn' }],
  })
  t.throws(() => readCsvRow({ 标识: null, URL: 'a' }), {
    errors: [{ pointer: '/identifier', rule: 'required' }],
  })
  t.throws(() => readCsvRow({ 标识: 'x', values: '{}' }), {
    errors: [{ pointer: '/values', rule: 'values.list' }],
  })
})

t.test('a row goes back in the columns that it came in', async t => {
  const values = [aValue({ index: 1, type: 'URL' }), aValue({ index: 7, type: 'EMAIL' })]
  const record = { identifier: '88.118.8/a', kind: 'product' as const, values }

  t.same(
    { ...writeRecordRow(['标识', 'URL', '种类'])(record) },
    {
      标识: '88.118.8/a',
      URL: values[0]?.data.value,
      种类: 'product',
    },
  )
  t.match(writeRecordRow([])(record), {
    identifier: '88.118.8/a',
    values: [{ index: 1 }, { index: 7 }],
  })
})

/** Values of every form, as they are stored. */
const data: fc.Arbitrary<ValueInput['data']> = fc.oneof(
  fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0')),
  fc.constantFrom('', '=1+1', ' x ', '{"data":"x"}', '{"data":{},"ttl":1}', '[1]', "'"),
  fc.uint8Array({ maxLength: 40 }).map(bytes => ({
    format: 'base64' as const,
    value: Buffer.from(bytes).toString('base64'),
  })),
  fc.nat({ max: 300 }).map(index => ({
    format: 'admin' as const,
    value: { handle: '0.NA/88', index, permissions: '011111110011' },
  })),
)
const values = fc
  .uniqueArray(
    fc.record(
      {
        index: fc.integer({ min: 1, max: 5 }),
        type: fc.constantFrom('URL', 'values', '3:x', 'kind', '=x', 'Ａ', '名称', 'row'),
        data,
        ttl: fc.oneof(fc.nat({ max: 100_000 }), fc.constant('2030-01-01T00:00:00Z')),
        permissions: fc.constantFrom('1110', '1100'),
        references: fc.constantFrom([], [{ handle: '88/x', index: 1 }]),
      },
      { requiredKeys: ['index', 'type', 'data'] },
    ),
    { selector: ({ index }) => index, maxLength: 4 },
  )
  .map(inputs => normalizeValues(inputs as ValueInput[], new Date('2026-11-23T06:00:00Z')))
const records = fc.array(
  fc.record({
    identifier: fc.constantFrom(
      '88.118.8/a',
      '88.118.8/轴承（一）',
      '01/06901234000016',
      '88.118.8/=x',
    ),
    kind: fc.constantFrom('product' as const, 'equipment' as const, 'other' as const),
    values,
    successor: fc.constantFrom(null, '88.118.8/b'),
  }),
  { minLength: 1, maxLength: 6 },
)

for (const format of ['csv', 'xlsx', 'ndjson'] as const) {
  t.test(`${format}: what is exported is imported again as it was`, async t => {
    await t.resolves(
      fc.assert(
        fc.asyncProperty(records, fc.integer({ min: 1, max: 6 }), async (found, pageRows) => {
          const stored = found.map(each => aRecord({ ...each }))

          const sheet = await openSheet(
            writeRecords(format, pagesOf(stored, pageRows)),
            format,
            bounds,
          )
          const read = readRecordRows(sheet)
          const rows = (await rowsOf(sheet)).map(({ cells }) => read(cells))

          assert.deepEqual(
            rows.map(({ identifier, kind, values, successor = null }) => ({
              identifier,
              kind,
              values: normalizeValues(values as ValueInput[], new Date('2026-11-23T06:00:00Z')),
              successor,
            })),
            stored.map(({ identifier, kind, values, successor }) => ({
              identifier,
              kind,
              values,
              successor,
            })),
          )
        }),
        { numRuns: 100 },
      ),
    )
  })
}

t.test('records without any values make a file that says so', async t => {
  const sheet = await openSheet(writeRecords('csv', pagesOf([], 1)), 'csv', bounds)

  t.same(sheet.columns, ['identifier', 'kind', 'successor', 'values'])
  t.same(await rowsOf(sheet), [])
})

t.test('more columns than people read are one column', async t => {
  const many: Value[] = Array.from({ length: 900 }, (_, at) =>
    aValue({ index: at + 1, type: 'URL' }),
  )
  const sheet = await openSheet(
    writeRecords('csv', pagesOf([aRecord({ values: many })], 1)),
    'csv',
    bounds,
  )
  const [row] = await rowsOf(sheet)

  t.equal(sheet.columns.length, 204)
  t.equal((readRecordRows(sheet)(row?.cells ?? {}).values as unknown[]).length, 900)
})

t.test('whoever stops reading stops the pages', async t => {
  let isClosed = false
  async function* pages() {
    try {
      for (;;) yield [aRecord({})]
    } finally {
      isClosed = true
    }
  }

  for await (const _ of writeRecords('ndjson', pages())) break

  t.ok(isClosed)
})

async function* pagesOf(records: readonly StoredRecord[], rows: number) {
  for (let at = 0; at < records.length; at += rows) yield records.slice(at, at + rows)
}
