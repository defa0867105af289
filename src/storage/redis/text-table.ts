/** Texts in one, each once; their numbers count from 1. */
export class TextTable {
  readonly textEnds: number[] = []
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []
  #length = 0

  get texts(): string {
    return this.#texts.join('')
  }

  /** @returns the text's number */
  add(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#texts.push(text)
    this.#length += text.length
    const number = this.textEnds.push(this.#length)
    this.#numbers.set(text, number)
    return number
  }

  /** @returns 0 for none */
  addMaybe(text: string | null): number {
    return text === null ? 0 : this.add(text)
  }
}

/** Undoes a {@link TextTable}: number 1 is the first of what comes back. @throws Error where an end cannot be one */
export function cutTexts(texts: string, textEnds: readonly number[]): string[] {
  const cut: string[] = []
  let start = 0
  for (const end of textEnds) {
    if (end < start || end > texts.length) throw new Error('a text ends where none can')
    cut.push(texts.slice(start, end))
    start = end
  }
  return cut
}
