import { malformed } from '../../model/failures.ts'
import type { Identifier, System } from '../../model/identifier.ts'
import { say } from '../../model/text.ts'
import type { WebUrl } from './web-url.ts'

/** What a scheme may know besides the text. */
export interface SchemeContext {
  /** The folded handle prefix of enterprise codes, such as `88.118.1`. */
  readonly codePrefix: string
  /** The text read as an http(s) URL, when it is one. */
  readonly url: WebUrl | undefined
  /** The asker named this system: spellings too vague to be recognised alone count as well. */
  readonly isNamed: boolean
}

/** One identifier system: any spelling becomes one normal form, or the reason why not. */
export interface Scheme {
  readonly system: System
  /**
   * @param text free of controls and other invisible characters, of bounded length
   * @returns undefined when the text is no spelling of this system
   * @throws Failure `IDENTIFIER_MALFORMED` when it is one, and broken
   */
  parse(text: string, context: SchemeContext): Identifier | undefined
}

/**
 * Undoes percent-encoding, once: a `%25` becomes a percent sign and stays one.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function decodeOnce(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed(
      'percentEncoding',
      say('百分号编码不完整，或不是 UTF-8', 'the percent-encoding is incomplete or not UTF-8'),
    )
  }
}
