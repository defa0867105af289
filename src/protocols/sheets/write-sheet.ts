import type { Cells, WriteSheet } from '../../registry/jobs/parts.ts'
import { chunkRowsMax } from './sheet-bounds.ts'
import { writeCsv } from './write-csv.ts'
import { writeXlsx } from './xlsx/write-xlsx.ts'

/**
 * Writes rows so that `openSheet` reads them as they were, and no spreadsheet finds a formula in them. A row has the
 * cells of these columns; in NDJSON, where no columns are given, all of its own.
 */
export const writeSheet: WriteSheet = (format, columns, rows, { charset } = {}) => {
  switch (format) {
    case 'ndjson':
      return writeNdjson(columns, rows)
    case 'csv':
      return writeCsv(columns, rows, charset)
    case 'xlsx':
      return writeXlsx(columns, rows)
  }
}

async function* writeNdjson(
  columns: readonly string[],
  rows: AsyncIterable<Cells>,
): AsyncGenerator<Buffer> {
  // A list of names is the members that JSON.stringify lets through, at every depth: the cells are picked instead.
  const pick = (cells: Cells): Cells =>
    columns.length === 0
      ? cells
      : Object.fromEntries(columns.map(column => [column, cells[column] ?? null]))
  let lines: string[] = []
  for await (const cells of rows) {
    lines.push(`${JSON.stringify(pick(cells))}\n`)
    if (lines.length < chunkRowsMax) continue
    yield Buffer.from(lines.join(''))
    lines = []
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''))
}
