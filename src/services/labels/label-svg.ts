import { type Label, modulesAcross } from './label.ts'
import { type QrSymbol, quietModules } from './symbol.ts'

/**
 * A label as an SVG of its size in millimetres; its unit is a module. Below the square stand the code and the caption.
 * Nothing in it runs or is loaded.
 */
export function labelToSvg(label: Label): string {
  const { symbol, sizeMm } = label
  const across = modulesAcross(symbol)
  const lines = linesOf(label, across)
  const down = lines.reduce((sum, { size }) => sum + size * lineHeight, across)
  const heightMm = round((down / across) * sizeMm)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${sizeMm}mm" height="${heightMm}mm"`,
    ` viewBox="0 0 ${across} ${round(down)}" role="img">`,
    `<title>${escapeXml(symbol.text)}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<path shape-rendering="crispEdges" d="${symbolPath(symbol)}"/>`,
    ...placed(lines, across),
    '</svg>',
  ].join('')
}

/** The dark modules as horizontal bars, the quiet zone around them. */
export function symbolPath(symbol: QrSymbol): string {
  const bars: string[] = []
  for (let y = 0; y < symbol.modules; y++) {
    for (let x = 0; x < symbol.modules; x++) {
      const start = x
      while (x < symbol.modules && symbol.isDark(x, y)) x++
      const length = x - start
      if (length > 0)
        bars.push(`M${start + quietModules} ${y + quietModules}h${length}v1h-${length}z`)
    }
  }
  return bars.join('')
}

/** Text and markup of XML; what XML cannot hold, and what turns the direction of reading, becomes a mark. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"']/g, symbol => `&#${symbol.charCodeAt(0)};`)
}

interface Line {
  readonly text: string
  /** The font's, in modules. */
  readonly size: number
  readonly family: string
}

/** Of the font's size, the space below it included. */
const lineHeight = 1.25
/** How much of the edge a line may take, and the smallest and largest letters, as shares of the edge. */
const widthShare = 0.92
const sizeShareMin = 0.035
const sizeShareMax = 0.09

function linesOf({ code, caption }: Label, across: number): Line[] {
  const lines: Line[] = []
  if (code !== undefined) lines.push(fitted(code, across, 'monospace'))
  if (caption !== '') lines.push(fitted(caption, across, 'sans-serif'))
  return lines
}

/** As large as fits one line; what does not fit in the smallest letters is cut. */
function fitted(text: string, across: number, family: string): Line {
  const room = across * widthShare
  const size = Math.min(across * sizeShareMax, room / widthOf(text))
  const sizeMin = across * sizeShareMin
  if (size >= sizeMin) return { text, size: round(size), family }
  return { text: cutToWidth(text, room / sizeMin), size: round(sizeMin), family }
}

function cutToWidth(text: string, width: number): string {
  let cut = ''
  for (const character of text) {
    if (widthOf(`${cut}${character}…`) > width) break
    cut += character
  }
  return `${cut}…`
}

/** In letters of size 1, by the widest of usual fonts: which font there is, the printer knows. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += character.codePointAt(0)! < 0x300 ? 0.62 : 1
  return width
}

function placed(lines: readonly Line[], across: number): string[] {
  let bottom = across
  return lines.map(({ text, size, family }) => {
    const baseline = round(bottom + size)
    bottom += size * lineHeight
    return (
      `<text x="${across / 2}" y="${baseline}" font-size="${size}" font-family="${family}"` +
      ` text-anchor="middle">${escapeXml(text)}</text>`
    )
  })
}

/** Thousandths of a module are finer than any printer. */
function round(number: number): number {
  return Math.round(number * 1000) / 1000
}
