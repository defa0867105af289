import { openSheet } from '../../../src/protocols/sheets/open-sheet.ts'
import type { Sheet, SheetBounds, SheetFormat, SheetRow } from '../../../src/registry/jobs/parts.ts'

export const bounds: SheetBounds = { bytesMax: 64 * 2 ** 20, rowsMax: 2_000_000 }

export async function rowsOf(sheet: Sheet): Promise<SheetRow[]> {
  const rows: SheetRow[] = []
  for await (const chunk of sheet.rows) rows.push(...chunk)
  return rows
}

/** A file as a network brings it. */
export async function* inPieces(file: Buffer | string, pieceBytes = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(file as Buffer)
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** A small file, read whole; cells as plain objects, so that they compare. */
export async function readFile(
  file: Buffer | string,
  format: SheetFormat = 'csv',
  more: Partial<SheetBounds> = {},
) {
  const sheet = await openSheet(inPieces(file), format, { ...bounds, ...more })
  const rows = await rowsOf(sheet)
  return {
    columns: sheet.columns,
    charset: sheet.charset,
    rows: rows.map(({ row, cells, refusal }) => ({
      row,
      cells: { ...cells },
      ...(refusal === undefined ? {} : { refusal }),
    })),
  }
}
