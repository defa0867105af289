/** What is wrong with bytes that do not decode; a wire chooses its answer by it. */
export type MalformedRule =
  /** Bytes are missing, or an announced length or count does not fit what is there. */
  | 'truncated'
  /** A text is not UTF-8. */
  | 'text'
  /** More than we accept. */
  | 'limit'
  /** A field holds what its structure does not know. */
  | 'value'
  /** Bytes follow where the structure has ended. */
  | 'trailing'

/** The only error decoders throw for bytes that came from outside. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes'
  readonly rule: MalformedRule

  constructor(rule: MalformedRule, detail: string) {
    super(`${rule}: ${detail}`)
    this.rule = rule
  }
}
