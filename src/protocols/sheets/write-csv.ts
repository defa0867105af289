import { stringify } from 'csv-stringify/sync'
import iconv from 'iconv-lite'
import type { Cell, Cells } from '../../registry/jobs/parts.ts'
import { cellText } from './cell-text.ts'
import { chunkRowsMax } from './sheet-bounds.ts'
import { writeHeader, writeText } from './text-cells.ts'

/** Without the mark Excel takes UTF-8 for something else. */
const byteOrderMark = '\ufeff'

/**
 * Comma-separated values (RFC 4180) that spreadsheets open without damage.
 * @param charset one that iconv-lite knows; `utf-8` and UTF-16 with a byte order mark
 */
export async function* writeCsv(
  columns: readonly string[],
  rows: AsyncIterable<Cells>,
  charset = 'utf-8',
): AsyncGenerator<Buffer> {
  const mark = /^utf-?(?:8|16)/i.test(charset) ? byteOrderMark : ''
  let chunk: string[][] = [columns.map(writeHeader)]
  let isFirst = true
  for await (const cells of rows) {
    chunk.push(columns.map(column => field(cells[column] ?? null)))
    if (chunk.length < chunkRowsMax) continue
    yield encode(isFirst ? mark : '', chunk, charset)
    isFirst = false
    chunk = []
  }
  if (chunk.length > 0) yield encode(isFirst ? mark : '', chunk, charset)
}

function field(cell: Cell): string {
  if (cell === null) return ''
  return typeof cell === 'number' ? String(cell) : writeText(cellText(cell))
}

function encode(mark: string, rows: readonly string[][], charset: string): Buffer {
  return iconv.encode(mark + stringify([...rows], layout), charset)
}

const layout = {
  record_delimiter: 'windows',
  quote_record_delimiter: true,
  // Whoever finds out what separates the columns must not count these.
  quoted_match: /[;\t]/,
} as const
