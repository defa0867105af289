import { buffer } from 'node:stream/consumers'
import { Failure, type FieldError } from '../../../model/failures.ts'
import { hasLoneSurrogateOrNul } from '../../../model/safe-text.ts'
import { say } from '../../../model/text.ts'
import type { Cell, Sheet, SheetBounds, SheetRow } from '../../../registry/jobs/parts.ts'
import { openZip } from '../../bytes/zip.ts'
import { checkColumns } from '../columns.ts'
import { chunkRowsMax, xlsxBytesMax, xlsxRowsMax } from '../sheet-bounds.ts'
import { rowRefusal, sheetFailure, sheetTooLarge } from '../sheet-failures.ts'
import {
  digitsAreLost,
  digitsLostText,
  readHeader,
  readText,
  trimCell,
  unsafeText,
} from '../text-cells.ts'
import { asCsv } from './as-csv.ts'
import { readRows, type XlsxCell, type XlsxRow } from './read-rows.ts'
import { readWorkbook } from './workbook.ts'

/** A sheet of numbers packs to a twentieth; texts that repeat, further. Pictures and the like are never unpacked. */
const xlsxZipBounds = {
  archiveBytesMax: xlsxBytesMax,
  unpackedBytesMax: 500 * 2 ** 20,
  entriesMax: 1_000,
  ratioMax: 100,
}

/**
 * Reads the first sheet that is shown of a workbook (ECMA-376, SpreadsheetML). Its first row that is not empty names
 * the columns. Days and padded numbers come as the text that people see; formulas, as their stored results.
 */
export async function openXlsx(body: AsyncIterable<Buffer>, bounds: SheetBounds): Promise<Sheet> {
  const rowsMax = Math.min(bounds.rowsMax, xlsxRowsMax)
  const bytes = await collect(body, Math.min(bounds.bytesMax, xlsxBytesMax))
  const zip = await openZip(bytes, xlsxZipBounds).catch(withAdvice)
  const workbook = await readWorkbook(zip).catch(withAdvice)
  const pieces = readRows(zip.read(workbook.sheetPart), workbook)
  let piece = await pieces.next().catch(withAdvice)
  const header = piece.done === true ? undefined : piece.value.shift()
  if (header === undefined) {
    throw sheetFailure('sheet.empty', say('文件没有表头', 'the file has no header'))
  }
  const columns = checkColumns(headerOf(header))

  async function* rows(): AsyncGenerator<readonly SheetRow[]> {
    let chunk: SheetRow[] = []
    for (; piece.done !== true; piece = await pieces.next().catch(withAdvice)) {
      for (const row of piece.value) {
        const number = row.number - (header?.number ?? 0)
        if (number > rowsMax) throw tooManyXlsxRows(rowsMax)
        const sheetRow = toRow(number, row, columns)
        if (sheetRow !== undefined) chunk.push(sheetRow)
        if (chunk.length < chunkRowsMax) continue
        yield chunk
        chunk = []
      }
    }
    if (chunk.length > 0) yield chunk
  }

  return { format: 'xlsx', columns, charset: 'utf-8', rows: rows() }
}

/** Also of what is written: a workbook that could not be read again would be a trap. */
export function tooManyXlsxRows(rowsMax: number): Failure {
  return sheetTooLarge(
    asCsv(`xlsx 超过 ${rowsMax} 行`, `the xlsx file has more than ${rowsMax} rows`),
    { rowsMax },
  )
}

/** The directory of an archive is at its end: it is all here before a row is read. */
async function collect(body: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  let byteCount = 0
  return buffer(
    (async function* () {
      for await (const piece of body) {
        byteCount += piece.length
        if (byteCount > bytesMax) {
          throw sheetTooLarge(
            asCsv(
              `xlsx 文件超过 ${bytesMax} 字节`,
              `the xlsx file has more than ${bytesMax} bytes`,
            ),
            { bytesMax },
          )
        }
        yield piece
      }
    })(),
  )
}

function headerOf({ cells }: XlsxRow): readonly string[] {
  const names: string[] = []
  for (const { column, value } of cells) names[column] = readHeader(String(value ?? ''))
  return Array.from(names, name => name ?? '')
}

/** @returns undefined for an empty row */
function toRow(
  row: number,
  { cells: found }: XlsxRow,
  columns: readonly string[],
): SheetRow | undefined {
  const cells: Record<string, Cell> = Object.create(null)
  for (const column of columns) cells[column] = null
  let refusal: FieldError | undefined
  let isEmpty = true
  for (const cell of found) {
    const value = cellOf(cell)
    if (value === null && cell.trouble === undefined) continue
    isEmpty = false
    const column = columns[cell.column]
    if (column === undefined) {
      refusal = beyondColumns
      continue
    }
    cells[column] = value
    refusal ??= troubleOf(cell, column)
  }
  if (isEmpty) return undefined
  return refusal === undefined ? { row, cells } : { row, cells, refusal }
}

function cellOf({ value }: XlsxCell): Cell {
  return typeof value === 'string' ? readText(value) : value
}

function troubleOf({ value, trouble }: XlsxCell, column: string): FieldError | undefined {
  switch (trouble) {
    case 'digitsLost':
      return rowRefusal('sheet.digitsLost', digitsLostText, column)
    case 'error':
      return rowRefusal(
        'sheet.cellError',
        say(`单元格的公式出错（${value}）`, `the formula of the cell has an error (${value})`),
        column,
      )
    case 'noResult':
      return rowRefusal(
        'sheet.formula',
        say(
          '公式没有保存结果；请在表格软件中打开并重新保存，或改为数值',
          'the formula was saved without its result: open the file and save it again',
        ),
        column,
      )
    case undefined:
      return typeof value === 'string' ? troubleOfText(value, column) : undefined
  }
}

function troubleOfText(text: string, column: string): FieldError | undefined {
  if (hasLoneSurrogateOrNul(text)) return rowRefusal('sheet.text', unsafeText, column)
  if (!digitsAreLost(trimCell(text))) return undefined
  return rowRefusal('sheet.digitsLost', digitsLostText, column)
}

const beyondColumns = rowRefusal(
  'sheet.ragged',
  say('有单元格在最后一列之后', 'there are cells behind the last column'),
)

/** A workbook that is too large is not too large as another format. */
function withAdvice(error: unknown): never {
  if (!(error instanceof Failure) || error.code !== 'TOO_LARGE') throw error
  if (error.detail.en.includes('CSV')) throw error
  throw sheetTooLarge(asCsv(error.detail.zh, error.detail.en), error.facts)
}
