import { columnsMax } from '../sheet-bounds.ts'
import { formatNumber, plainFormat } from './number-format.ts'
import { malformedXml, readXml } from './read-xml.ts'
import { makeTextReader, type Workbook } from './workbook.ts'
import { unescapeXlsx } from './xlsx-text.ts'

/** A cell that says something. */
export interface XlsxCell {
  /** From 0. */
  readonly column: number
  /** Texts as they are in the file. */
  readonly value: string | number | boolean | null
  /** The program that saved the file had no value for it, or not all of it. */
  readonly trouble?: 'digitsLost' | 'error' | 'noResult'
}

export interface XlsxRow {
  /** As spreadsheets count, from 1. */
  readonly number: number
  readonly cells: readonly XlsxCell[]
}

/** A cell as far as it has been read. */
interface OpenCell {
  readonly column: number
  readonly type: string
  readonly style: number
  value: string | undefined
  isFormula: boolean
}

/** Rows of a sheet that have cells, as many at once as a piece of it holds (ECMA-376 §18.3.1). */
export async function* readRows(
  bytes: AsyncIterable<Buffer>,
  workbook: Workbook,
): AsyncGenerator<XlsxRow[]> {
  let rows: XlsxRow[] = []
  let number = 0
  let cells: XlsxCell[] = []
  let column = -1
  let cell: OpenCell | undefined
  let isValue = false
  const inline = makeTextReader()

  const handler = {
    open(name: string, attribute: (name: string) => string | undefined) {
      switch (name) {
        case 'row':
          number = grown(number, attribute('r'))
          cells = []
          column = -1
          break
        case 'c':
          column = columnOf(attribute('r'), column)
          cell = {
            column,
            type: attribute('t') ?? 'n',
            style: Number(attribute('s') ?? 0),
            value: undefined,
            isFormula: false,
          }
          inline.begin()
          break
        case 'v':
          isValue = true
          break
        case 'f':
          if (cell !== undefined) cell.isFormula = true
          break
        default:
          inline.open(name)
      }
    },
    close(name: string) {
      switch (name) {
        case 'row':
          if (cells.length > 0) rows.push({ number, cells })
          break
        case 'c': {
          const read = cell && readCell(cell, inline.end(), workbook)
          if (read !== undefined) cells.push(read)
          cell = undefined
          break
        }
        case 'v':
          isValue = false
          break
        default:
          inline.close(name)
      }
    },
    text(text: string) {
      if (cell === undefined) return
      if (isValue) cell.value = (cell.value ?? '') + text
      else inline.text(text)
    },
  }
  for await (const _ of readXml(bytes, handler)) {
    if (rows.length > 0) yield rows
    rows = []
  }
}

/** Rows come in their order; one without a number follows the last. */
function grown(last: number, text: string | undefined): number {
  const number = text === undefined ? last + 1 : Number(text)
  if (Number.isSafeInteger(number) && number > last) return number
  throw malformedXml()
}

/** `B` of `B7` is 1; a cell without a place follows the last. */
function columnOf(place: string | undefined, last: number): number {
  const letters = place === undefined ? undefined : /^[A-Z]{1,3}/.exec(place)?.[0]
  if (place !== undefined && letters === undefined) throw malformedXml()
  let column = letters === undefined ? last + 2 : 0
  for (const letter of letters ?? '') column = column * 26 + letter.charCodeAt(0) - 64
  // Empty cells far to the right may carry a style; nobody reads them, but they must not be counted on.
  if (column - 1 <= last) throw malformedXml()
  return column - 1
}

function readCell(cell: OpenCell, inlineText: string, workbook: Workbook): XlsxCell | undefined {
  const { column, type, value, isFormula } = cell
  if (type === 'inlineStr') return { column, value: inlineText }
  if (value === undefined)
    return isFormula ? { column, value: null, trouble: 'noResult' } : undefined
  // Far beyond what a record can hold: it only matters that there is something.
  if (column >= columnsMax) return { column, value: '…' }
  switch (type) {
    case 's': {
      const text = workbook.texts[Number(value)]
      if (text === undefined) throw malformedXml()
      return { column, value: text }
    }
    case 'str':
      return { column, value: unescapeXlsx(value) }
    case 'd':
      return { column, value }
    case 'b':
      return { column, value: value.trim() === '1' || value.trim() === 'true' }
    case 'e':
      return { column, value, trouble: 'error' }
    default:
      return numberCell(column, value, cell.style, workbook)
  }
}

function numberCell(
  column: number,
  text: string,
  style: number,
  { formats, is1904 }: Workbook,
): XlsxCell {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw malformedXml()
  const value = formatNumber(number, formats[style] ?? plainFormat, is1904)
  return value === undefined ? { column, value: text, trouble: 'digitsLost' } : { column, value }
}
