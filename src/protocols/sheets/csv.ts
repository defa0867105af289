import { Parser } from 'csv-parse'
import type { FieldError } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Cell, Sheet, SheetBounds, SheetRow } from '../../registry/jobs/parts.ts'
import { checkColumns } from './columns.ts'
import { chunkRowsMax, rowBytesMax } from './sheet-bounds.ts'
import { atRow, rowRefusal, sheetFailure, sheetTooLarge, tooManyRows } from './sheet-failures.ts'
import {
  digitsAreLost,
  digitsLostText,
  readHeader,
  readText,
  trimCell,
  unsafeText,
} from './text-cells.ts'
import { toUtf8 } from './to-utf8.ts'

/** Enough of a first line to tell what separates its names. */
const headerBytesLooked = 64 * 2 ** 10

/** In the order of preference where a header has as many of each. */
const separators = [',', '\t', ';'] as const

/**
 * Reads separated values (RFC 4180), as spreadsheets save them: comma, tab or semicolon, any line ends, any charset of
 * {@link toUtf8}. The first row names the columns.
 */
export async function openCsv(body: AsyncIterable<Buffer>, bounds: SheetBounds): Promise<Sheet> {
  const text = toUtf8(body, bounds.bytesMax)
  const records = recordsIn(text.blocks)
  let row = 0
  let next = await records.next().catch(error => {
    throw failureOf(error, 0)
  })
  const header = next.done === true ? undefined : next.value.shift()
  text.requireWhole(0)
  if (header === undefined) {
    throw sheetFailure('sheet.empty', say('文件没有表头', 'the file has no header'))
  }
  const columns = checkColumns(header.map(readHeader))

  async function* rows(): AsyncGenerator<readonly SheetRow[]> {
    let chunk: SheetRow[] = []
    try {
      for (; next.done !== true; next = await records.next()) {
        for (const record of next.value) {
          row += 1
          if (row > bounds.rowsMax) throw tooManyRows(bounds.rowsMax)
          if (isBlank(record)) continue
          chunk.push(toRow(row, record, columns))
          if (chunk.length < chunkRowsMax) continue
          yield chunk
          chunk = []
        }
      }
    } catch (error) {
      throw failureOf(error, row + 1)
    }
    text.requireWhole(Math.max(1, row))
    if (chunk.length > 0) yield chunk
  }

  return {
    format: 'csv',
    columns,
    get charset() {
      return text.charset()
    },
    rows: rows(),
  }
}

/** The fields of each record, as many records at once as a block of text holds. */
async function* recordsIn(blocks: AsyncIterable<Buffer>): AsyncGenerator<string[][]> {
  let parser: Parser | undefined
  let records: string[][] = []
  for await (const block of blocks) {
    let bytes = block
    if (parser === undefined) {
      const [separator, begin] = separatorOf(block)
      parser = makeParser(separator, record => records.push(record))
      bytes = block.subarray(begin)
    }
    await written(parser, bytes)
    if (records.length > 0) yield records
    records = []
  }
  if (parser === undefined) return
  await ended(parser)
  if (records.length > 0) yield records
}

/** Records are taken as they are parsed; nothing goes through the stream, which therefore is never full. */
function makeParser(separator: string, take: (record: string[]) => void): Parser {
  const parser = new Parser({
    delimiter: separator,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    // A quote within a text that has none around it is one, as spreadsheets have it.
    relax_quotes: true,
    max_record_size: rowBytesMax,
    on_record: (record: string[]) => {
      take(record)
      return null
    },
  })
  parser.on('error', () => undefined)
  parser.resume()
  return parser
}

function written(parser: Parser, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(bytes, error => (error ? reject(error) : resolve()))
  })
}

function ended(parser: Parser): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.once('error', reject)
    parser.once('end', resolve)
    parser.end()
  })
}

/**
 * What separates the names of the first line, by their number outside of quotes.
 * @returns also where the first line begins: Excel understands a line `sep=;` in front of it
 */
function separatorOf(block: Buffer): readonly [separator: string, begin: number] {
  const beginning = block.toString('utf8', 0, Math.min(block.length, headerBytesLooked))
  const told = /^sep=([,;\t])(?:\r\n|\n|\r)/i.exec(beginning)
  if (told?.[1] !== undefined) return [told[1], told[0].length]
  const line = /^(?:"[^"]*"|[^"\r\n]+)*/.exec(beginning)?.[0] ?? ''
  const bare = line.replace(/"[^"]*"/g, '')
  const counts = separators.map(each => bare.split(each).length)
  return [separators[counts.indexOf(Math.max(...counts))] ?? ',', 0]
}

function isBlank(record: readonly string[]): boolean {
  return record.every(field => readText(field) === null)
}

function toRow(row: number, record: readonly string[], columns: readonly string[]): SheetRow {
  const cells: Record<string, Cell> = Object.create(null)
  let refusal: FieldError | undefined
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] ?? ''
    const field = record[at] ?? ''
    const cell = readText(field)
    cells[column] = cell
    if (cell === null) continue
    if (cell.includes('\0')) refusal = rowRefusal('sheet.text', unsafeText, column)
    if (digitsAreLost(trimCell(field))) {
      refusal = rowRefusal('sheet.digitsLost', digitsLostText, column)
    }
  }
  refusal = raggedness(record, columns) ?? refusal
  return refusal === undefined ? { row, cells } : { row, cells, refusal }
}

/** Cells beyond the last column are forgiven where they are empty: spreadsheets save them. */
function raggedness(record: readonly string[], columns: readonly string[]): FieldError | undefined {
  if (record.length === columns.length) return undefined
  const isWide = record.slice(columns.length).some(field => readText(field) !== null)
  if (record.length >= columns.length && !isWide) return undefined
  return rowRefusal(
    'sheet.ragged',
    say(
      `有 ${record.length} 个单元格，表头有 ${columns.length} 列`,
      `it has ${record.length} cells, and there are ${columns.length} columns`,
    ),
  )
}

function failureOf(error: unknown, row: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'CSV_MAX_RECORD_SIZE':
      return sheetTooLarge(
        atRow(
          row,
          say(
            `超过 ${rowBytesMax} 字节；引号可能没有成对`,
            `more than ${rowBytesMax} bytes; perhaps a quote is not closed`,
          ),
        ),
        { row },
      )
    case 'CSV_QUOTE_NOT_CLOSED':
      return sheetFailure('sheet.quote', say('引号没有成对', 'a quote is not closed'), row)
    default:
      return error
  }
}
