/**
 * The spelling of enterprise codes (企信码), form `QXM1`: key version (1 symbol), body (12), check
 * symbol (1). Whether a well-spelt code is genuine only `crypto/code-cipher.ts` can say.
 */

/** The alphabet of GB 32100-2015: no I O S V Z. A symbol's value is its place. */
export const codeAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
export const codeRadix = codeAlphabet.length
export const codeLength = 14
export const codeBodyLength = 12
/** Version 0 is never issued. */
export const codeVersionMax = codeRadix - 1
/** The body's first digits number the codes of a version; the others are zero before encryption. */
export const codeSeqDigits = 7
export const codeSeqMax = codeRadix ** codeSeqDigits - 1

/** Longer texts are not read as codes: 14 symbols and generous separators. */
const spellingLengthMax = 40

/** Suggestions shown for a mistyped code. */
const suggestionsMax = 5

/**
 * The 14 symbols a text stands for: case, full-width forms, blanks, hyphens and the letters the
 * alphabet avoids are folded. The check symbol is not looked at.
 * @returns undefined when the text cannot be read as a code
 */
export function normaliseCode(text: string): string | undefined {
  if (text.length > spellingLengthMax) return undefined
  const code = text
    .normalize('NFKC')
    .replace(/[a-z]/g, letter => letter.toUpperCase())
    .replace(/[ \u2010-\u2015\u2212·-]/g, '')
    .replace(/[OIZSV]/g, letter => slips[letter as keyof typeof slips])
  return code.length === codeLength && isInAlphabet(code) ? code : undefined
}

const slips = { O: '0', I: '1', Z: '2', S: '5', V: 'U' } as const

function isInAlphabet(code: string): boolean {
  return /^[0-9A-HJ-NPQRTUWXY]+$/.test(code)
}

/** @param code 14 symbols, as {@link normaliseCode} returns them */
export function hasRightCheckSymbol(code: string): boolean {
  return weightedSum(code) === checkRemainder
}

/** The check symbol that makes 13 symbols a code. */
export function checkSymbolOf(symbols: string): string {
  return codeAlphabet[modulo(checkRemainder - weightedSum(`${symbols}0`))]!
}

export function codeSymbolValue(symbol: string): number {
  return codeAlphabet.indexOf(symbol)
}

/** As people read it, in groups of 5, 4 and 5: `1XJRA-CLXE-EWEA9`. */
export function printCode(code: string): string {
  return `${code.slice(0, 5)}-${code.slice(5, 9)}-${code.slice(9)}`
}

/**
 * The likeliest spellings behind a wrong check symbol, the best first, found by arithmetic alone:
 * two neighbours swapped, one symbol mistaken for a similar one, the check symbol itself. Asking
 * the cipher or the store here would help a guesser; a wrong suggestion only leads to "unknown".
 */
export function suggestCodes(code: string): readonly string[] {
  const candidates = [...unswapped(code), ...unmistaken(code), withRightCheckSymbol(code)]
  return [...new Set(candidates)].slice(0, suggestionsMax)
}

function unswapped(code: string): string[] {
  const swaps: string[] = []
  for (let i = 0; i + 1 < codeLength; i++) {
    swaps.push(code.slice(0, i) + code[i + 1] + code[i] + code.slice(i + 2))
  }
  return swaps.filter(hasRightCheckSymbol)
}

/** Symbols that are taken for one another, in print or by hand. */
const lookAlikes = [
  '0DQ',
  '8B3',
  '17L',
  '6G',
  'CG',
  'EF',
  'MN',
  'HN',
  'PR',
  'UW',
  'UJ',
  'XY',
  'XK',
  '49',
  '4A',
  '56',
  '1T7',
  '27',
]

function unmistaken(code: string): string[] {
  const repaired: string[] = []
  for (let i = 0; i < codeLength; i++) {
    for (const group of lookAlikes) {
      if (!group.includes(code[i]!)) continue
      for (const symbol of group) repaired.push(code.slice(0, i) + symbol + code.slice(i + 1))
    }
  }
  return repaired.filter(hasRightCheckSymbol)
}

function withRightCheckSymbol(code: string): string {
  const symbols = code.slice(0, -1)
  return symbols + checkSymbolOf(symbols)
}

/** What the weighted sum of every code leaves, modulo 31. */
const checkRemainder = 1

/** Σ value · 3^p with p = 0 on the right. 3 generates all of Z*31, so any swap changes the sum. */
function weightedSum(code: string): number {
  let sum = 0
  for (const symbol of code) sum = (sum * 3 + codeSymbolValue(symbol)) % codeRadix
  return sum
}

function modulo(number: number): number {
  return ((number % codeRadix) + codeRadix) % codeRadix
}
