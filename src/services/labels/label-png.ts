import { type Bitmap, makeBitmap } from './bitmap.ts'
import { glyphColumns, glyphRows, glyphs } from './glyphs.ts'
import { type Label, modulesAcross } from './label.ts'
import { type QrSymbol, quietModules } from './symbol.ts'

/** What label printers and offices print at; a module is a whole number of these dots or finer ones. */
const dotsPerMmMin = 300 / 25.4

/**
 * A label as a PNG that is printed at its size. Below the square stands the code; a caption needs fonts, and is in the
 * SVG only.
 */
export function labelToPng(label: Label): Buffer {
  const { symbol, sizeMm, code } = label
  const across = modulesAcross(symbol)
  const scale = Math.ceil((sizeMm / across) * dotsPerMmMin)
  const edge = across * scale
  const line = code === undefined ? undefined : fitLine(code, edge)
  const bitmap = makeBitmap(edge, edge + (line?.height ?? 0))
  paintSymbol(bitmap, symbol, scale)
  if (line !== undefined) paintText(bitmap, line)
  return bitmap.toPng(Math.round((edge * 1000) / sizeMm))
}

function paintSymbol(bitmap: Bitmap, symbol: QrSymbol, scale: number): void {
  for (let y = 0; y < symbol.modules; y++) {
    for (let x = 0; x < symbol.modules; x++) {
      if (!symbol.isDark(x, y)) continue
      bitmap.fill((x + quietModules) * scale, (y + quietModules) * scale, scale, scale)
    }
  }
}

/** A line of text of the whole width, with a row's space above and two below. */
interface Line {
  readonly text: string
  readonly left: number
  readonly top: number
  /** Pixels on the edge of a glyph's dot. */
  readonly dot: number
  readonly height: number
}

const rowsAbove = 1
const rowsBelow = 2
const columnsPerGlyph = glyphColumns + 1

function fitLine(text: string, edge: number): Line {
  const columns = text.length * columnsPerGlyph - 1
  const dot = Math.max(1, Math.floor((edge * 0.92) / columns))
  return {
    text,
    left: Math.max(0, Math.floor((edge - columns * dot) / 2)),
    top: edge + rowsAbove * dot,
    dot,
    height: (rowsAbove + glyphRows + rowsBelow) * dot,
  }
}

function paintText(bitmap: Bitmap, { text, left, top, dot }: Line): void {
  for (const [place, symbol] of [...text].entries()) {
    for (const [column, bits] of (glyphs[symbol] ?? []).entries()) {
      const x = left + (place * columnsPerGlyph + column) * dot
      for (let row = 0; row < glyphRows; row++) {
        if ((bits >> row) & 1) bitmap.fill(x, top + row * dot, dot, dot)
      }
    }
  }
}
