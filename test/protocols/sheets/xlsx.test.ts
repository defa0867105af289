import readSheet from 'read-excel-file/node'
import t from 'tap'
import writeExcelFile from 'write-excel-file/node'
import { writeZip } from '../../../src/protocols/bytes/zip.ts'
import { openSheet } from '../../../src/protocols/sheets/open-sheet.ts'
import { writeSheet } from '../../../src/protocols/sheets/write-sheet.ts'
import type { Cells } from '../../../src/registry/jobs/parts.ts'
import { bounds, readFile, rowsOf } from './a-sheet.ts'

const at = new Date('2026-11-23T06:00:00Z')

t.test('a workbook of another program: texts, days, zeros, long and broken numbers', async t => {
  const day = new Date('2026-11-23T00:00:00Z')
  const file = await writeExcelFile([
    ['标识', '种类', '日期', '日期8', '时刻', '批号', '数量', '条码', '启用', ''],
    [
      ' 88.118.8/Ａ-1\u00a0',
      '产品',
      { value: day, type: Date, format: 'yyyy-mm-dd' },
      { value: day, type: Date, format: 'yyyymmdd' },
      { value: new Date('2026-11-23T06:30:00Z'), type: Date, format: 'yyyy/m/d h:mm' },
      { value: 123, type: Number, format: '000000' },
      { value: 0.1 + 0.2, type: Number, format: '0.00' },
      { value: 6901234567892, type: Number, format: '0' },
      { value: true, type: Boolean },
      null,
    ],
    [null, null, null, null, null, null, null, null, null, null],
    [
      '88.118.8/b',
      null,
      null,
      null,
      null,
      null,
      null,
      { value: 6.90123456789201e17, type: Number },
      null,
      null,
    ],
    ['88.118.8/c', null, null, null, null, null, null, null, null, 'stray'],
  ]).toBuffer()

  const { columns, rows } = await readFile(file, 'xlsx')

  t.same(columns, ['标识', '种类', '日期', '日期8', '时刻', '批号', '数量', '条码', '启用'])
  t.same(rows[0], {
    row: 1,
    cells: {
      标识: '88.118.8/Ａ-1',
      种类: '产品',
      日期: '2026-11-23',
      日期8: '20261123',
      时刻: '2026-11-23T06:30:00',
      批号: '000123',
      数量: 0.3,
      条码: 6901234567892,
      启用: true,
    },
  })
  t.match(rows.slice(1), [
    { row: 3, refusal: { pointer: '/条码', rule: 'sheet.digitsLost' } },
    { row: 4, refusal: { rule: 'sheet.ragged' } },
  ])
})

t.test('another program reads what we write', async t => {
  const rows = [
    { a: '轴承 <&"\'>', b: '000123' },
    { a: '=1+1', b: 5 },
    { a: true, b: null },
    { a: ' x\r\n_x000D_\u0007', b: '' },
  ]
  const file = await bytesOf(writeSheet('xlsx', ['a', 'b'], asyncOf(rows)))

  const [sheet] = await readSheet(file, { trim: false })

  t.same(sheet?.data, [
    ['a', 'b'],
    ['轴承 <&"\'>', '000123'],
    ["'=1+1", 5],
    [true, null],
    ["' x\r\n_x000D_\u0007", "'"],
  ])
})

t.test('the same rows make the same bytes', async t => {
  const write = () => bytesOf(writeSheet('xlsx', ['a'], asyncOf([{ a: 'x' }])))

  t.same(await write(), await write())
})

t.test('cells in all their forms', async t => {
  const rows = `
    <row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><r><t>b</t></r><r><t xml:space="preserve"> 2</t></r><rPh><t>x</t></rPh></is></c><c r="C1" t="s"><v>0</v></c></row>
    <row r="3"><c r="A3" t="str"><f>X1&gt;2</f><v>a&amp;b&#x8f74;&#10;</v></c><c r="C3" t="b"><v>0</v></c></row>
    <!-- a comment with <row> --><row r="4"><c r="A4" t="e"><v>#N/A</v></c></row>
    <row r="5"><c r="B5"><f>NOW()</f></c></row><row r="6"/>
    <row r="7"><c r="A7"><v><![CDATA[12]]></v></c><c r="B7" t="d"><v>2026-11-23</v></c><c r="C7" s="0"/></row>
    <row r="8"><c r="XFD8" s="0"/><c r="A8" t="inlineStr"/></row>`
  const strings = '<sst><si><t>_x0063_</t></si></sst>'

  const { columns, rows: read } = await readFile(
    await aWorkbook({ rows: rows.replace(/<row r="8">.*/, ''), strings }),
    'xlsx',
  )

  t.same(columns, ['a', 'b 2', 'c'])
  t.match(read, [
    { row: 2, cells: { a: 'a&b轴', 'b 2': null, c: false } },
    { row: 3, refusal: { pointer: '/a', rule: 'sheet.cellError', detail: { en: /#N\/A/ } } },
    { row: 4, refusal: { pointer: '/b 2', rule: 'sheet.formula' } },
    { row: 6, cells: { a: 12, 'b 2': '2026-11-23', c: null } },
  ])
})

t.test('the first sheet that is shown is read, wherever the workbook keeps it', async t => {
  const sheets = '<sheet name="a" r:id="rId2" state="veryHidden"/><sheet name="b" r:id="rId1"/>'

  const { rows } = await readFile(await aWorkbook({ rows: twoRows, sheets }), 'xlsx')

  t.same(rows, [{ row: 1, cells: { a: 1 } }])
})

t.test(
  'days count from 1900 or 1904, as the workbook says, and built-in formats are known',
  async t => {
    const styles =
      '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/><numFmt numFmtId="171" formatCode="[h]:mm"/><numFmt numFmtId="172" formatCode="[Red]0.00"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="31"/><xf numFmtId="171"/><xf numFmtId="172"/></cellXfs></styleSheet>'
    const cells = [0, 1, 2, 3, 4, 5].map(
      style => `<c s="${style}"><v>${style === 4 ? 0.25 : 46349}</v></c>`,
    )
    const rows = `<row><c t="str"><v>a</v></c><c t="str"><v>b</v></c><c t="str"><v>c</v></c><c t="str"><v>d</v></c><c t="str"><v>e</v></c><c t="str"><v>f</v></c></row><row>${cells.join('')}</row>`
    const read = async (properties: string) => {
      const sheet = await readFile(await aWorkbook({ rows, styles, properties }), 'xlsx')
      return Object.values(sheet.rows[0]?.cells ?? {})
    }

    t.same(await read(''), [46349, '2026-11-23', '2026-11-23', '2026-11-23', '06:00:00', 46349])
    t.same((await read('<workbookPr date1904="1"/>'))[1], '2030-11-24')
  },
)

const twoRows =
  '<row r="1"><c r="A1" t="str"><v>a</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'

t.test('what is no workbook is refused, and no row number is believed', async t => {
  const bad = {
    'no zip': Buffer.from('identifier,kind\n'),
    'another archive': await writeZip([{ name: 'x', bytes: Buffer.from('x') }], at),
    'no sheet': await aWorkbook({ rows: twoRows, sheets: '' }),
    'rows out of order': await aWorkbook({
      rows: '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"/>',
    }),
    'cells out of order': await aWorkbook({
      rows: '<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    }),
    'a text that is not there': await aWorkbook({ rows: '<row><c t="s"><v>7</v></c></row>' }),
    'a number that is none': await aWorkbook({ rows: '<row><c><v>x</v></c></row>' }),
    'a document type': await aWorkbook({ rows: '<!DOCTYPE x [<!ENTITY a "b">]>' }),
    'an end that is missing': await aWorkbook({ rows: `${twoRows}<row r="3" ` }),
    'bytes that are no UTF-8': await aWorkbook({
      rows: Buffer.from('<row><c t="str"><v>\xff</v></c></row>', 'latin1'),
    }),
    'no rows': await aWorkbook({ rows: '' }),
  }
  for (const [what, file] of Object.entries(bad)) {
    await t.rejects(readFile(file, 'xlsx'), { code: 'INPUT_INVALID' }, what)
  }
  const far = twoRows.replace('r="2"', 'r="4000000000"').replace('A2', 'A4000000000')
  await t.rejects(readFile(await aWorkbook({ rows: far }), 'xlsx'), { code: 'TOO_LARGE' })
  const wide = twoRows.replace('A2', 'XFD2')
  t.match((await readFile(await aWorkbook({ rows: wide }), 'xlsx')).rows, [
    { refusal: { rule: 'sheet.ragged' } },
  ])
})

t.test('what is too large for a workbook is not too large as CSV', async t => {
  const large = /CSV UTF-8/
  const tooMany = await bytesOf(writeSheet('xlsx', ['a'], asyncOf([{ a: 1 }, { a: 2 }])))
  const bomb = await aWorkbook({ rows: `${twoRows}${' '.repeat(3 * 2 ** 20)}` })

  await t.rejects(readFile(tooMany, 'xlsx', { rowsMax: 1 }), {
    code: 'TOO_LARGE',
    detail: { zh: large, en: large },
  })
  await t.rejects(readFile(tooMany, 'xlsx', { bytesMax: 100 }), {
    code: 'TOO_LARGE',
    detail: { en: large },
  })
  await t.rejects(readFile(bomb, 'xlsx'), { code: 'TOO_LARGE', detail: { en: large } })
  await t.rejects(
    bytesOf(
      writeSheet(
        'xlsx',
        ['a'],
        manyRows(100_001, () => ({ a: null })),
      ),
    ),
    { code: 'TOO_LARGE', detail: { en: large } },
  )
})

t.test('twenty thousand rows are written and read in chunks', async t => {
  const rowCount = 20_000
  const toCells = (row: number) => ({
    identifier: `88.118.8/${row}`,
    URL: `https://example.com/${row}`,
    n: row,
  })
  const file = await bytesOf(
    writeSheet('xlsx', ['identifier', 'URL', 'n'], manyRows(rowCount, toCells)),
  )

  const sheet = await openSheet(asyncOf([file]), 'xlsx', bounds)
  const rows = await rowsOf(sheet)

  t.equal(rows.length, rowCount)
  t.same({ ...rows.at(-1)?.cells }, toCells(rowCount - 1))
})

interface AWorkbook {
  readonly rows: string | Buffer
  readonly strings?: string
  readonly styles?: string
  readonly sheets?: string
  readonly properties?: string
}

/** A workbook as another program might lay it out: a prefix before every name, parts elsewhere. */
function aWorkbook({
  rows,
  strings = '<sst/>',
  styles = '<styleSheet/>',
  sheets = '<sheet name="a" r:id="rId1"/>',
  properties = '',
}: AWorkbook): Promise<Buffer> {
  const type = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
  const parts: Readonly<Record<string, string | Buffer>> = {
    '_rels/.rels': `<Relationships><Relationship Id="x" Type="${type}/officeDocument" Target="/book/main.xml"/></Relationships>`,
    'book/main.xml': `<?xml version="1.0"?><workbook ${main}>${properties}<sheets>${sheets}</sheets></workbook>`,
    'book/_rels/main.xml.rels': `<Relationships><Relationship Id="rId1" Type="${type}/worksheet" Target="../sheet.xml"/><Relationship Id="rId2" Type="${type}/worksheet" Target="none.xml"/><Relationship Id="s" Type="${type}/sharedStrings" Target="texts.xml"/><Relationship Id="f" Type="${type}/styles" Target='styles.xml'/></Relationships>`,
    'book/texts.xml': strings.replaceAll('<', '<x:').replaceAll('<x:/', '</x:'),
    'book/styles.xml': styles,
    'sheet.xml': Buffer.concat([
      Buffer.from(`\ufeff<worksheet ${main}><dimension ref="A1:B9999999"/><sheetData>`),
      Buffer.from(rows as Buffer),
      Buffer.from('</sheetData></worksheet>'),
    ]),
  }
  return writeZip(
    Object.entries(parts).map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes as Buffer) })),
    at,
  )
}

async function* manyRows(count: number, toCells: (row: number) => Cells): AsyncGenerator<Cells> {
  for (let row = 0; row < count; row++) yield toCells(row)
}

async function* asyncOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
}

async function bytesOf(file: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of file) pieces.push(piece)
  return Buffer.concat(pieces)
}
