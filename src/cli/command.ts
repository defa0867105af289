import type { Text } from '../model/text.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Language } from './language.ts'

/** Something that follows `--name` on the command line. */
export interface Option {
  /** `flag` takes no value, `texts` may be repeated. */
  readonly kind: 'flag' | 'text' | 'texts'
  /** What help calls the value. */
  readonly value?: string
  /** One letter that says the same behind a single hyphen. */
  readonly short?: string
  readonly help: Text
}

export type Options = Readonly<Record<string, Option>>

export interface Argument {
  readonly name: string
  readonly isOptional?: boolean
}

/** One command of `qxm`. Its name has one or two words. */
export interface Command {
  readonly name: string
  readonly summary: Text
  readonly arguments?: readonly Argument[]
  readonly options?: Options
  /** @throws UsageError, ProblemError, and what the parts throw: `failures.ts` gives each its exit code */
  run(call: Call): Promise<ExitCode>
}

/** What was said to the options of a command, checked against its table. */
export interface Given {
  has(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): readonly string[]
}

/** A command as it was called, with everything it may touch of the process. */
export interface Call {
  readonly given: Given
  readonly arguments: readonly string[]
  readonly language: Language
  /** One JSON document instead of what people read. */
  readonly isJson: boolean
  readonly env: Environment
  /** Where `conf`, `migrations` and `package.json` lie. */
  readonly packageFolder: string
  /** Standard output; waits for a reader that is slow. */
  readonly write: (text: string) => Promise<void>
  /** Standard error: remarks beside the result. */
  readonly remark: (text: string) => void
  /** One line of a terminal that is written over, and gone with the next remark; nothing where there is no terminal. */
  readonly showProgress: (line: string) => void
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The command line or what it names is wrong: nothing was tried. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly text: Text

  constructor(text: Text) {
    super(text.en)
    this.text = text
  }
}
