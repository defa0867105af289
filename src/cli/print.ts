/** What a terminal may obey, or what turns the direction of what follows: never printed as it is. */
const unsafeCharacters =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

/** A text of a stranger as one line that a terminal shows and does not obey. */
export function visible(text: string): string {
  return text.replace(unsafeCharacters, character => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character]
    return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The blocks whose characters take two columns (Unicode annex 11, classes W and F), as far as our texts go. */
const wideCharacters =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += wideCharacters.test(character) ? 2 : 1
  return width
}

/**
 * Lines of cells under each other, two blanks between columns and none at the end.
 * @param header left out where there is none
 */
export function table(rows: readonly (readonly string[])[], header?: readonly string[]): string {
  const shown = [...(header === undefined ? [] : [header]), ...rows].map(row => row.map(visible))
  const widths: number[] = []
  for (const row of shown) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))
  }
  const lines = shown.map(row =>
    row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell))).join('  '),
  )
  return lines.map(line => `${line.trimEnd()}\n`).join('')
}

/** JSON for people and programs alike. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
