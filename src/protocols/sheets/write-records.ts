import type { StoredRecord } from '../../model/record.ts'
import type { Cells, SheetFormat } from '../../registry/jobs/parts.ts'
import { columnsFor, writeRecordRow } from './record-columns.ts'
import { xlsxRowsMax } from './sheet-bounds.ts'
import { writeSheet } from './write-sheet.ts'

/** What a door needs to give records as files. */
export const recordSheets = {
  write: writeRecords,
  /** Of a file that we read again; undefined: as many as there are. */
  rowsMax: (format: SheetFormat) => (format === 'xlsx' ? xlsxRowsMax : undefined),
}

/**
 * Records as a file that can be imported again as it is. The columns are made to fit the first page; values that come
 * later and have none are in the last column.
 * @param pages read no faster than the file is taken
 */
export async function* writeRecords(
  format: SheetFormat,
  pages: AsyncIterable<readonly StoredRecord[]>,
): AsyncGenerator<Buffer> {
  const iterator = pages[Symbol.asyncIterator]()
  try {
    const first = await iterator.next()
    const firstPage = first.done === true ? [] : first.value
    const columns = format === 'ndjson' ? [] : columnsFor(firstPage)
    yield* writeSheet(format, columns, rows(firstPage, iterator, writeRecordRow(columns)))
  } finally {
    await iterator.return?.()
  }
}

async function* rows(
  firstPage: readonly StoredRecord[],
  pages: AsyncIterator<readonly StoredRecord[]>,
  toCells: (record: StoredRecord) => Cells,
): AsyncGenerator<Cells> {
  for (const record of firstPage) yield toCells(record)
  for (let page = await pages.next(); page.done !== true; page = await pages.next()) {
    for (const record of page.value) yield toCells(record)
  }
}
