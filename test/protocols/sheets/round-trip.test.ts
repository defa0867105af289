import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { openSheet } from '../../../src/protocols/sheets/open-sheet.ts'
import { writeSheet } from '../../../src/protocols/sheets/write-sheet.ts'
import type { Cell, Cells, SheetFormat, SheetRow } from '../../../src/registry/jobs/parts.ts'
import { bounds, rowsOf } from './a-sheet.ts'

/** Texts that stores can hold: no NUL, no half of a surrogate pair. */
const anyText = fc.string({ unit: 'binary', maxLength: 12 }).filter(text => !text.includes('\0'))
/** Those that programs, or we, might take for something else. */
const trickyText = fc
  .tuple(
    fc.constantFrom(
      '',
      ' ',
      "'",
      "''",
      '=',
      '+',
      '-',
      '@',
      '\t',
      '\r',
      '\n',
      '＝',
      '＠',
      '1',
      '"',
      ';',
      '\ufeff',
      '\u00a0',
      '_x000D_',
      '1.5E+',
      '\u3000',
    ),
    fc.constantFrom(
      '',
      '1',
      'SUM(A1)',
      "'x",
      ' ',
      '12E+15',
      '007',
      '17',
      ',"',
      '\r\n',
      '_x0041_',
      '<&>',
      'é',
      'Ａ',
      '{}',
      ']]>',
    ),
  )
  .map(parts => parts.join(''))
const text = fc.oneof(anyText, trickyText)

const cells: Readonly<Record<SheetFormat, fc.Arbitrary<Cell>>> = {
  csv: fc.oneof(text, fc.constant(null)),
  xlsx: fc.oneof(
    text,
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.integer({ min: -1_000_000, max: 1_000_000 }).map(number => number / 100),
  ),
  ndjson: fc.oneof(text, fc.constant(null), fc.jsonValue({ depthSize: 'small' }).map(asJson)),
}

for (const format of ['csv', 'xlsx', 'ndjson'] as const) {
  t.test(`${format}: what is written is read again as it was`, async t => {
    const table = fc.uniqueArray(text, { minLength: 1, maxLength: 4 }).chain(columns =>
      fc.tuple(
        fc.constant(columns),
        fc.array(
          fc.array(cells[format], { minLength: columns.length, maxLength: columns.length }),
          {
            maxLength: 5,
          },
        ),
      ),
    )
    await t.resolves(
      fc.assert(
        fc.asyncProperty(table, async ([columns, lines]) => {
          // A column has a name, and a row says something; NDJSON has no room for a column of that name.
          fc.pre(!columns.includes('') && !columns.includes('__proto__'))
          const rows = lines
            .filter(line => line.some(cell => cell !== null))
            .map(line => toCells(columns, line))

          const sheet = await openSheet(writeSheet(format, columns, asyncOf(rows)), format, bounds)
          const read = await rowsOf(sheet)

          assert.deepEqual(
            read.map(withoutPrototype),
            rows.map((each, at) => ({ row: at + 1, cells: { ...each } })),
          )
          if (format !== 'ndjson') assert.deepEqual(sheet.columns, columns)
        }),
        { numRuns: format === 'xlsx' ? 80 : 200 },
      ),
    )
  })
}

t.test('CSV in other charsets comes back as well', async t => {
  const rows = [{ 名称: '“轴承” €', b: '𠮷ü' }]
  for (const [charset, detected] of [
    ['gb18030', 'gb18030'],
    ['utf-16le', 'utf-16le'],
    ['utf-16be', 'utf-16be'],
    ['utf-8', 'utf-8'],
  ] as const) {
    const sheet = await openSheet(
      writeSheet('csv', ['名称', 'b'], asyncOf(rows), { charset }),
      'csv',
      bounds,
    )

    t.same((await rowsOf(sheet)).map(withoutPrototype), [{ row: 1, cells: rows[0] }], charset)
    t.equal(sheet.charset, detected)
  }
})

/** As JSON has it: without a zero below zero; and without what stores cannot hold. */
function asJson(value: unknown): Cell {
  const json = JSON.stringify(value)
  return /\\u|__proto__/.test(json) ? null : JSON.parse(json)
}

function toCells(columns: readonly string[], line: readonly Cell[]): Cells {
  return Object.fromEntries(columns.map((column, at) => [column, line[at] ?? null]))
}

async function* asyncOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
}

function withoutPrototype({ cells: each, ...row }: SheetRow) {
  return { ...row, cells: { ...each } }
}
