import { hasRightCheckSymbol, normaliseCode, printCode, suggestCodes } from '../../model/code.ts'
import { malformed } from '../../model/failures.ts'
import { foldAscii, type Identifier } from '../../model/identifier.ts'
import { say } from '../../model/text.ts'
import { readHandleSpelling } from './handle-spelling.ts'
import type { Scheme } from './scheme.ts'

/** Enterprise codes (企信码): bare in any spelling, under the node's code prefix, or as scanned. */
export const code: Scheme = {
  system: 'code',
  parse(text, context) {
    const spelling = readHandleSpelling(text, context)
    if (spelling?.suffix === undefined)
      return context.url ? undefined : bareCode(text, context.codePrefix)
    if (foldAscii(spelling.prefix) !== context.codePrefix) return undefined
    // Under the code prefix whatever does not read as a code stays an ordinary handle.
    const symbols = normaliseCode(spelling.suffix)
    return symbols === undefined ? undefined : codeIdentifier(symbols, context.codePrefix)
  },
}

function bareCode(text: string, codePrefix: string): Identifier | undefined {
  const symbols = normaliseCode(text)
  if (symbols === undefined) return undefined
  // Fourteen bare digits are hardly ever a code; with a wrong check symbol they are not even broken.
  if (/^\d+$/.test(symbols) && !hasRightCheckSymbol(symbols)) return undefined
  return codeIdentifier(symbols, codePrefix)
}

function codeIdentifier(symbols: string, codePrefix: string): Identifier {
  if (!hasRightCheckSymbol(symbols)) throw mistyped(symbols, codePrefix)
  const text = `${codePrefix}/${symbols}`
  return { system: 'code', text, key: foldAscii(text), authority: codePrefix }
}

function mistyped(symbols: string, codePrefix: string) {
  const suggestions = suggestCodes(symbols)
  const likeliest = printCode(suggestions[0]!)
  return malformed(
    'code.checkSymbol',
    say(
      `企信码校验位错误，是否为 ${likeliest}？`,
      `the check symbol of the enterprise code is wrong; was it ${likeliest}?`,
    ),
    {
      suggestion: `${codePrefix}/${suggestions[0]}`,
      suggestions: suggestions.map(suggestion => `${codePrefix}/${suggestion}`),
    },
  )
}
