import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import t from 'tap'
import { makeCsvSplitter } from '../../../src/protocols/sheets/split-csv.ts'

/** The rows of a text that comes in pieces. */
function split(pieces: readonly string[], separator = ',', rowCharactersMax = 1_000): string[][] {
  const splitter = makeCsvSplitter(separator, rowCharactersMax)
  const rows = pieces.flatMap(piece => splitter.add(piece))
  for (let more = splitter.end(); more.length > 0; more = splitter.end()) rows.push(...more)
  return rows
}

/** What csv-parse makes of it, which knows every dialect and takes its time. */
function parsed(text: string, delimiter: string): string[][] {
  return parse(text, {
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
  })
}

const separators = fc.constantFrom(',', ';', '\t')
const pieceOf = fc.constantFrom('"', '""', ',', ';', '\t', '\n', '\r\n', '\r', 'a', ' ', '码', '𠮷')

t.test('any text is split as csv-parse splits it, wherever its pieces end', async t => {
  fc.assert(
    fc.property(
      fc.array(fc.array(pieceOf, { maxLength: 12 }), { maxLength: 4 }),
      separators,
      (pieces, separator) => {
        const texts = pieces.map(piece => piece.join(''))
        let expected: string[][] | undefined
        try {
          expected = parsed(texts.join(''), separator)
        } catch {
          expected = undefined
        }

        if (expected === undefined)
          t.throws(() => split(texts, separator), { message: 'quoteNotClosed' })
        else t.strictSame(split(texts, separator), expected, JSON.stringify(texts))
      },
    ),
    { numRuns: 2_000 },
  )
})

t.test('rows in front of the one that cannot be read are given first', async t => {
  const splitter = makeCsvSplitter(',', 8)

  t.same(splitter.add('1,2\n3,"4\n567'), [['1', '2']])
  t.throws(() => splitter.add('890'), { message: 'rowTooLong' })

  const other = makeCsvSplitter(',', 100)
  t.same(other.add('1,2\n3,"4'), [['1', '2']])
  t.throws(() => other.end(), { message: 'quoteNotClosed' })

  const whole = makeCsvSplitter(',', 8)
  t.same(whole.add('1,2\n123456789\n3,4\n'), [['1', '2']])
  t.throws(() => whole.end(), { message: 'rowTooLong' })
})
