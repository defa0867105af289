/** Full-width forms (U+FF01 … U+FF5E, U+3000) as the ASCII characters they widen. */
export function toHalfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e\u3000]/g, wide =>
    wide === '\u3000' ? ' ' : String.fromCharCode(wide.charCodeAt(0) - 0xfee0),
  )
}

/**
 * Half-width, and without the blanks, hyphens, dashes and middle dots that people put between
 * groups of symbols. Only for systems in which none of these is a symbol.
 */
export function compact(text: string): string {
  return toHalfWidth(text).replace(/[\s\u2010-\u2015\u2212\u00b7-]+/g, '')
}
