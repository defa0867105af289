/** Why a text cannot be split any further. */
export class CsvTrouble extends Error {
  readonly what: 'rowTooLong' | 'quoteNotClosed'

  constructor(what: CsvTrouble['what']) {
    super(what)
    this.what = what
  }
}

/** Takes a text in pieces, and gives the fields of its rows. */
export interface CsvSplitter {
  /** @returns the rows that end in this piece. @throws CsvTrouble */
  add(piece: string): string[][]
  /** To be called until there is nothing left. @throws CsvTrouble */
  end(): string[][]
}

const quote = 0x22
const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Splits separated values as RFC 4180 §2 has them, and as spreadsheets save them: any line ends, as many fields in a row as
 * there are, and a quote is one where it does not stand at the beginning of a field, or where a text follows the closing one.
 * A row that is not whole is looked at again with the next piece; looking for quotes and ends is all that happens here, in a
 * tenth of the time that a parser for every dialect takes.
 * @param separator one character
 * @param rowCharactersMax of one row; beyond, a quote was most likely not closed
 */
export function makeCsvSplitter(separator: string, rowCharactersMax: number): CsvSplitter {
  const separatorCode = separator.charCodeAt(0)
  let text = ''
  let isWhole = false
  /** Of the field or line end that is looked at. */
  let at = 0

  function rows(): string[][] {
    const found: string[][] = []
    let begin = 0
    while (begin < text.length) {
      at = begin
      const row = rowHere()
      if ((row === undefined ? text.length : at) - begin > rowCharactersMax) {
        if (found.length > 0) break
        throw new CsvTrouble('rowTooLong')
      }
      if (row === undefined) {
        if (isWhole && found.length === 0) throw new CsvTrouble('quoteNotClosed')
        break
      }
      found.push(row)
      begin = at
    }
    text = text.slice(begin)
    return found
  }

  /** @returns undefined where the row goes on behind the text */
  function rowHere(): string[] | undefined {
    const row: string[] = []
    for (;;) {
      const field = text.charCodeAt(at) === quote ? quotedHere() : plainHere()
      if (field === undefined) return undefined
      row.push(field)
      if (text.charCodeAt(at) !== separatorCode) break
      at += 1
    }
    if (!isWhole && at >= text.length - 1) return undefined
    at += text.charCodeAt(at) === carriageReturn && text.charCodeAt(at + 1) === lineFeed ? 2 : 1
    return row
  }

  function plainHere(): string {
    const begin = at
    toEndOfField()
    return text.slice(begin, at)
  }

  function quotedHere(): string | undefined {
    const begin = at + 1
    let hasQuotes = false
    for (at = text.indexOf('"', begin); at !== -1; at = text.indexOf('"', at + 2)) {
      if (text.charCodeAt(at + 1) !== quote) break
      hasQuotes = true
    }
    if (at === -1) return undefined
    const inside = text.slice(begin, at)
    const closed = at
    at += 1
    const field = hasQuotes ? inside.replaceAll('""', '"') : inside
    if (isEndOfField()) return field
    toEndOfField()
    return `"${field}${text.slice(closed, at)}`
  }

  function toEndOfField(): void {
    while (!isEndOfField()) at += 1
  }

  function isEndOfField(): boolean {
    const code = text.charCodeAt(at)
    return (
      code === separatorCode || code === lineFeed || code === carriageReturn || at >= text.length
    )
  }

  return {
    add(piece) {
      text += piece
      return rows()
    },
    end() {
      isWhole = true
      return rows()
    },
  }
}
