import assert from 'node:assert/strict'
import jsqr from 'jsqr'
import { create } from 'qrcode'

/** How much of a symbol may be lost: about 7, 15, 25 and 30 of 100 codewords (ISO/IEC 18004). */
export const errorLevels = ['L', 'M', 'Q', 'H'] as const
export type ErrorLevel = (typeof errorLevels)[number]

/** The light margin that readers need on every side, in modules (ISO/IEC 18004). */
export const quietModules = 4

/** A QR symbol as a square of modules. */
export interface QrSymbol {
  readonly text: string
  /** Modules on an edge, without the quiet zone. */
  readonly modules: number
  /** The quiet zone, and all beyond it, is light. */
  isDark(x: number, y: number): boolean
}

/** Reads a symbol as a scanner would. @returns undefined where it finds none */
export type ReadSymbol = (symbol: QrSymbol) => string | undefined

/**
 * Draws a text as a symbol and reads it again: what does not say its text never becomes a label.
 * @param text ASCII
 * @throws Error for a symbol that does not read as its text: our own mistake
 */
export function drawSymbol(
  text: string,
  level: ErrorLevel,
  read: ReadSymbol = readSymbol,
): QrSymbol {
  // The mode is ours to say: left to itself the library splits a text where that saves a few bits.
  const segment = isAlphanumeric(text)
    ? ({ mode: 'alphanumeric', data: text } as const)
    : ({ mode: 'byte', data: Buffer.from(text, 'ascii') } as const)
  const { modules } = create([segment], { errorCorrectionLevel: level })
  const { size } = modules
  const isWithin = (place: number) => place >= 0 && place < size
  const symbol = {
    text,
    modules: size,
    isDark: (x: number, y: number) => isWithin(x) && isWithin(y) && modules.get(y, x) === 1,
  }
  assert.equal(read(symbol), text, 'a QR symbol reads as the text it was drawn from')
  return symbol
}

/** ISO/IEC 18004 table 5. */
function isAlphanumeric(text: string): boolean {
  return /^[0-9A-Z $%*+\-./:]+$/.test(text)
}

/** Enough pixels for a reader to find the modules' edges; more only take longer. */
const pixelsPerModule = 4

/** A reader from other hands than the writer. */
export function readSymbol(symbol: QrSymbol): string | undefined {
  const edge = (symbol.modules + 2 * quietModules) * pixelsPerModule
  const pixels = new Uint8ClampedArray(edge * edge * 4).fill(255)
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      if (!symbol.isDark(moduleAt(x), moduleAt(y))) continue
      const at = (y * edge + x) * 4
      pixels.fill(0, at, at + 3)
    }
  }
  const found = jsqr.default(pixels, edge, edge, { inversionAttempts: 'dontInvert' })
  return found?.data
}

function moduleAt(pixel: number): number {
  return Math.floor(pixel / pixelsPerModule) - quietModules
}
