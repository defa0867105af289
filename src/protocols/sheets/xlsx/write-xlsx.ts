import type { Cell, Cells } from '../../../registry/jobs/parts.ts'
import { zipStream } from '../../bytes/zip.ts'
import { cellText } from '../cell-text.ts'
import { chunkRowsMax, xlsxRowsMax } from '../sheet-bounds.ts'
import { writeHeader, writeText } from '../text-cells.ts'
import { tooManyXlsxRows } from './open-xlsx.ts'
import { escapeXml } from './read-xml.ts'
import { escapeXlsx } from './xlsx-text.ts'

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const officeRelations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packageTypes = 'http://schemas.openxmlformats.org/package/2006'
const spreadsheetTypes = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

/** The parts of a workbook with one sheet, beside the sheet (ECMA-376 part 1, §12.2). */
const frame: Readonly<Record<string, string>> = {
  '[Content_Types].xml': `<Types xmlns="${packageTypes}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${spreadsheetTypes}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${spreadsheetTypes}.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${spreadsheetTypes}.worksheet+xml"/></Types>`,
  '_rels/.rels': `<Relationships xmlns="${packageTypes}/relationships"><Relationship Id="rId1" Type="${officeRelations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${officeRelations}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${packageTypes}/relationships"><Relationship Id="rId1" Type="${officeRelations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${officeRelations}/styles" Target="styles.xml"/></Relationships>`,
  // Style 1 is text: what people type into such a cell keeps its zeros and digits.
  'xl/styles.xml': `<styleSheet xmlns="${main}"><fonts count="1"><font><sz val="11"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`,
}

/** The same rows make the same bytes: the earliest instant that a zip archive can name. */
const at = new Date('1980-01-01T00:00:00Z')

/**
 * A workbook with one sheet, as it is made: no row is kept.
 * @throws Failure `TOO_LARGE` while it is read, beyond the rows that we read again
 */
export function writeXlsx(
  columns: readonly string[],
  rows: AsyncIterable<Cells>,
): AsyncIterable<Buffer> {
  const parts = Object.entries(frame).map(([name, xml]) => ({
    name,
    bytes: Buffer.from(declaration + xml),
  }))
  const sheet = { name: 'xl/worksheets/sheet1.xml', bytes: sheetXml(columns, rows) }
  return zipStream([...parts, sheet], at)
}

async function* sheetXml(
  columns: readonly string[],
  rows: AsyncIterable<Cells>,
): AsyncGenerator<Buffer> {
  let xml = `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="${Math.max(1, columns.length)}" width="24" style="1" customWidth="1"/></cols><sheetData>`
  xml += rowXml(1, columns.map(writeHeader).map(textXml))
  let rowCount = 0
  for await (const cells of rows) {
    rowCount += 1
    if (rowCount > xlsxRowsMax) throw tooManyXlsxRows(xlsxRowsMax)
    xml += rowXml(
      rowCount + 1,
      columns.map(column => cellXml(cells[column] ?? null)),
    )
    if (rowCount % chunkRowsMax > 0) continue
    yield Buffer.from(xml)
    xml = ''
  }
  yield Buffer.from(`${xml}</sheetData></worksheet>`)
}

type CellXml = (place: string) => string

function rowXml(number: number, cells: readonly CellXml[]): string {
  const texts = cells.map((cell, column) => cell(`${lettersOf(column)}${number}`))
  return `<row r="${number}">${texts.join('')}</row>`
}

function lettersOf(column: number): string {
  const letter = String.fromCharCode(65 + (column % 26))
  return column < 26 ? letter : lettersOf(Math.floor(column / 26) - 1) + letter
}

function cellXml(cell: Cell): CellXml {
  if (cell === null) return () => ''
  if (typeof cell === 'boolean') return place => `<c r="${place}" t="b"><v>${Number(cell)}</v></c>`
  if (typeof cell === 'number' && keepsItsDigits(cell)) {
    return place => `<c r="${place}"><v>${cell}</v></c>`
  }
  return textXml(writeText(cellText(cell)))
}

/** Whether spreadsheets, which keep 15 digits, give the number back as it is. */
function keepsItsDigits(number: number): boolean {
  return Math.abs(number) < 1e15 && Number(number.toPrecision(15)) === number
}

function textXml(text: string): CellXml {
  const xml = `<is><t xml:space="preserve">${escapeXml(escapeXlsx(text))}</t></is>`
  return place => `<c r="${place}" s="1" t="inlineStr">${xml}</c>`
}
