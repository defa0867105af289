import { codeLength, hasRightCheckSymbol, normaliseCode } from '../../../model/code.ts'
import { compact } from '../../../model/full-width.ts'

/**
 * Codes behind a text with one symbol too many or, of a pair, one too few, whose check symbol is right: arithmetic
 * alone, so that nobody learns here which codes there are. Usually one, seldom two.
 */
export function mendLength(text: string): readonly string[] {
  const symbols = compact(text)
  const places = [...symbols].map((_, place) => place)
  const candidates =
    symbols.length === codeLength + 1
      ? places.map(place => symbols.slice(0, place) + symbols.slice(place + 1))
      : symbols.length === codeLength - 1
        ? places.map(place => symbols.slice(0, place) + symbols[place] + symbols.slice(place))
        : []
  const codes = candidates.flatMap(candidate => normaliseCode(candidate) ?? [])
  return [...new Set(codes)].filter(hasRightCheckSymbol)
}
