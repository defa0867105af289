import { type Failure, malformed } from './failures.ts'
import { say, type Text } from './text.ts'

/** Whole identifiers in the national system: 1 … 255 bytes of UTF-8. */
export const identifierBytesMax = 255

/**
 * Refuses what no identifier may hold, in any system: controls, invisible and direction-changing
 * characters, halves of surrogate pairs, more than 255 bytes.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function requireSafe(text: string): void {
  if (isShortPrintableAscii(text)) return
  // A UTF-16 unit is at least one byte, so a long text is refused before anything reads it.
  if (text.length > identifierBytesMax || Buffer.byteLength(text) > identifierBytesMax) {
    throw tooLong()
  }
  requireClean(text)
}

/**
 * The same rules without the bound on bytes, for spellings that are longer than what they spell.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function requireClean(text: string): void {
  // Every class is a single character, so this is one pass.
  const found = /[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}]/u.exec(text)?.[0]
  if (found !== undefined) throw unsafe(found)
}

/**
 * What a text must be in addition, to be registered: in NFC, without invisible characters of any
 * class, and not a mixture of alphabets whose letters look alike.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function requireRegistrable(text: string): void {
  if (isShortPrintableAscii(text)) return
  if (text.normalize('NFC') !== text) {
    throw malformed(
      'text.nfc',
      say(
        '注册的标识须为 Unicode NFC 形式',
        'an identifier is registered in Unicode normalization form C; compose its characters first',
      ),
    )
  }
  if (/\p{Default_Ignorable_Code_Point}/u.test(text)) throw malformed('text.invisible', invisible)
  if (/\p{Script=Latin}/u.test(text) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(text)) {
    throw malformed(
      'text.mixedScripts',
      say(
        '拉丁字母不能与西里尔或希腊字母混用：它们外形相同',
        'Latin letters may not be mixed with Cyrillic or Greek ones: they look the same',
      ),
    )
  }
}

/** NUL and lone surrogates cannot be stored or written as UTF-8: no text on any wire may hold them. */
export function hasLoneSurrogateOrNul(text: string): boolean {
  return /[\0\p{Cs}]/u.test(text)
}

function isShortPrintableAscii(text: string): boolean {
  if (text.length > identifierBytesMax) return false
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return false
  }
  return true
}

const invisible = say('含有不可见字符', 'it contains an invisible character')

function unsafe(character: string): Failure {
  const point = character.codePointAt(0)!
  const name = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
  const [rule, detail] = ruleOf(character)
  return malformed(rule, say(`${detail.zh}（${name}）`, `${detail.en} (${name})`))
}

function ruleOf(character: string): readonly [string, Text] {
  if (character === '\0') return ['text.nul', say('含有 NUL 字符', 'it contains NUL')]
  if (/\p{Cs}/u.test(character)) {
    return ['text.surrogate', say('含有不成对的代理码元', 'it contains half of a surrogate pair')]
  }
  if (/\p{Bidi_Control}/u.test(character)) {
    return [
      'text.bidi',
      say('含有改变书写方向的字符', 'it contains a mark that turns the direction'),
    ]
  }
  if (/\p{Cf}/u.test(character)) return ['text.invisible', invisible]
  return ['text.control', say('含有控制字符', 'it contains a control character')]
}

export function tooLong(): Failure {
  return malformed(
    'text.tooLong',
    say(
      `标识不能超过 ${identifierBytesMax} 字节（UTF-8）`,
      `an identifier is at most ${identifierBytesMax} bytes of UTF-8`,
    ),
  )
}
