import { printCode } from '../../model/code.ts'
import { invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { codeQrText, identifierQrText } from './qr-text.ts'
import { drawSymbol, type ErrorLevel, type QrSymbol, quietModules } from './symbol.ts'

/** Edges that can be asked for, in millimetres: what a label holds, and what a poster needs. */
export const sizeMmMin = 10
export const sizeMmMax = 200
export const sizeMmDefault = 30

/** Ordinary phones and label printers of 203 dpi still tell modules of two dots apart. Millimetres. */
const moduleMmMin = 0.25

export interface LabelStyle {
  /** The edge of the symbol's square with its quiet zone, in millimetres. */
  readonly sizeMm: number
  readonly level: ErrorLevel
}

/** A symbol at the size it is printed in, and what people read below it. */
export interface Label extends LabelStyle {
  readonly symbol: QrSymbol
  /** An enterprise code as people read it, `1XJRA-CLXE-EWEA9`; undefined for what is no code. */
  readonly code: string | undefined
  /** Whose it is, or the identifier itself; `''` for nothing. */
  readonly caption: string
}

/** What a label is for: an enterprise code as a whole identifier, with whose it is, or any identifier's normal form. */
export type Labelled =
  | { readonly code: string; readonly name: string }
  | { readonly identifier: string }

/** @throws Failure as {@link codeLabel} */
export function labelOf(publicUrl: string, thing: Labelled, style: LabelStyle): Label {
  return 'code' in thing
    ? codeLabel(publicUrl, thing, style)
    : identifierLabel(publicUrl, thing.identifier, style)
}

/**
 * The label of an enterprise code.
 * @param subject the code as a whole identifier, and the name that stands below it
 * @throws Failure `INPUT_INVALID` where the size leaves too little to a module
 */
export function codeLabel(
  publicUrl: string,
  subject: { readonly code: string; readonly name: string },
  style: LabelStyle,
): Label {
  const symbols = subject.code.slice(subject.code.indexOf('/') + 1)
  return {
    ...style,
    symbol: drawAt(codeQrText(publicUrl, subject.code), style),
    code: printCode(symbols),
    caption: subject.name,
  }
}

/**
 * The label of any identifier.
 * @param identifier its normal form
 * @throws Failure as {@link codeLabel}
 */
export function identifierLabel(publicUrl: string, identifier: string, style: LabelStyle): Label {
  const symbol = drawAt(identifierQrText(publicUrl, identifier), style)
  return { ...style, symbol, code: undefined, caption: identifier }
}

/** The square alone. */
export function withoutText(label: Label): Label {
  return { ...label, code: undefined, caption: '' }
}

/** The modules on the edge of the square, its quiet zone included. */
export function modulesAcross({ modules }: QrSymbol): number {
  return modules + 2 * quietModules
}

function drawAt(text: string, { sizeMm, level }: LabelStyle): QrSymbol {
  const symbol = drawSymbol(text, level)
  const sizeMmNeeded = Math.ceil(modulesAcross(symbol) * moduleMmMin)
  if (sizeMm >= sizeMmNeeded) return symbol
  throw invalid(
    '/size',
    'qr.moduleTooSmall',
    say(
      `此二维码至少需要 ${sizeMmNeeded} 毫米，否则无法可靠扫描；也可降低纠错等级`,
      `this symbol needs at least ${sizeMmNeeded} mm to be scanned reliably; a lower level needs less`,
    ),
  )
}
