import t from 'tap'
import { openSheet } from '../../../src/protocols/sheets/open-sheet.ts'
import { rowBytesMax } from '../../../src/protocols/sheets/sheet-bounds.ts'
import { bounds, inPieces, readFile, rowsOf } from './a-sheet.ts'

t.test('a line is an object; empty lines are counted and passed over', async t => {
  const file = '{"a":1,"b":[true,null]}\r\n\n  \n { "a" : "轴承" }'

  const { columns, rows, charset } = await readFile(file, 'ndjson')

  t.same(columns, [])
  t.equal(charset, 'utf-8')
  t.same(rows, [
    { row: 1, cells: { a: 1, b: [true, null] } },
    { row: 4, cells: { a: '轴承' } },
  ])
})

t.test('a bad line is refused with its reason, and the next ones are read', async t => {
  const bad: Readonly<Record<string, string>> = {
    '{"a":1': 'json.syntax',
    'identifier,kind': 'json.syntax',
    '[1]': 'json.object',
    null: 'json.object',
    '"text"': 'json.object',
    '{"a":1,"a":2}': 'json.repeated',
    '{"x":{"a":1,"b":2,"a":3}}': 'json.repeated',
    '{"a":1,"\\u0061":2}': 'json.repeated',
    '{"__proto__":{"isAdmin":true}}': 'json.member',
    '{"x":[{"\\u005f_proto__":1}]}': 'json.member',
    '{"a":"\\u0000"}': 'json.text',
    '{"a":["\\ud800"]}': 'json.text',
    [`${'{"a":'.repeat(40)}1${'}'.repeat(40)} `]: 'json.depth',
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`]: 'json.depth',
    [`{"a":"${'x'.repeat(rowBytesMax)}"}`]: 'sheet.rowBytes',
  }
  const lines = Object.keys(bad).flatMap(line => [line, '{"good":true}'])

  const sheet = await openSheet(inPieces(lines.join('\n'), 30_000), 'ndjson', bounds)
  const rows = await rowsOf(sheet)

  t.equal(rows.length, lines.length)
  for (const [at, rule] of Object.values(bad).entries()) {
    t.equal(rows[2 * at]?.refusal?.rule, rule, lines[2 * at]!.slice(0, 40))
    t.same({ ...rows[2 * at + 1] }, { row: 2 * at + 2, cells: { good: true } })
  }
})

t.test('members of their own names are cells like others', async t => {
  const { rows } = await readFile(
    '{"refusal":1,"rule":2,"row":3,"cells":4,"constructor":5}\n',
    'ndjson',
  )

  t.same(rows, [{ row: 1, cells: { refusal: 1, rule: 2, row: 3, cells: 4, constructor: 5 } }])
})

t.test('the same member in different objects, or as a text, is no repetition', async t => {
  const file = '{"a":{"a":"a"},"b":[{"a":1},{"a":2}],"c":"{\\"a\\":1,\\"a\\":2}" }\n'

  const { rows } = await readFile(file, 'ndjson')

  t.equal(rows[0]?.refusal, undefined)
})

t.test('bytes, rows and charset have their rules here too', async t => {
  await t.rejects(readFile('{}\n{}\n{}\n', 'ndjson', { rowsMax: 2 }), { code: 'TOO_LARGE' })
  await t.rejects(readFile('{"a":"x"}\n', 'ndjson', { bytesMax: 5 }), { code: 'TOO_LARGE' })
  await t.rejects(readFile(Buffer.from('{"a":"轴"}\n{"a":"\xff"}\n', 'latin1'), 'ndjson'), {
    code: 'INPUT_INVALID',
    errors: [{ rule: 'sheet.charset' }],
  })
  t.same((await readFile(Buffer.from('\ufeff{"a":1}', 'utf16le'), 'ndjson')).rows, [
    { row: 1, cells: { a: 1 } },
  ])
})
