import { say, type Text } from '../../model/text.ts'

/** Blanks of every kind and marks that nobody sees: they come along when people copy. */
const stray = '[\\s\\u200b\\u200e\\u200f\\u2060\\ufeff]+'
const strayAround = new RegExp(`^${stray}|${stray}$`, 'g')

/** A cell without the blanks around it: no-break and ideographic ones and byte order marks count. */
export function trimCell(text: string): string {
  // Looking for blanks through a whole text takes as long as everything else that is done with a cell.
  if (isInk(text.charCodeAt(0)) && isInk(text.charCodeAt(text.length - 1))) return text
  return text.replace(strayAround, '')
}

/** Printable ASCII, and Chinese: the characters most cells begin and end with. None of them is stray. */
function isInk(code: number): boolean {
  return (code > 0x20 && code < 0x7f) || (code >= 0x4e00 && code <= 0x9fff)
}

/** Full-width forms too: programs fold them before they look for a formula. */
const formulaStart = /^[=+\-@\t\r＝＋－＠]/
const numberForm = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** As spreadsheets show numbers of 12 digits and more; the digits behind are not in the file. */
const lostDigits = /^[+-]?\d(?:\.\d+)?[eE]\+(\d+)$/
const digitsShownMax = 11

/**
 * A text as a cell that no spreadsheet takes for a formula, and that {@link readText} gives back as it was: behind a
 * `'` where reading would change it. Numbers are left alone, signs and all.
 */
export function writeText(text: string): string {
  return needsMark(text) ? `'${text}` : text
}

/**
 * What a cell says.
 * @returns null for an empty one
 */
export function readText(cell: string): string | null {
  if (cell.startsWith("'") && isMarked(cell.slice(1))) return cell.slice(1)
  const text = trimCell(cell)
  if (text === '') return null
  // People write the mark themselves, to keep a number's zeros; blanks in front of it are theirs too.
  return text.startsWith("'") && isMarked(text.slice(1)) ? text.slice(1) : text
}

/** Whether a `'` in front stands for "as it is" and not for itself. */
function isMarked(rest: string): boolean {
  return needsMark(rest) || numberForm.test(rest)
}

function needsMark(text: string): boolean {
  if (text === '' || text.startsWith("'") || trimCell(text) !== text) return true
  if (formulaStart.test(text) && !numberForm.test(text)) return true
  return digitsAreLost(text)
}

/** Whether a text is what a spreadsheet made of a long number when it saved it. */
export function digitsAreLost(text: string): boolean {
  const exponent = lostDigits.exec(text)?.[1]
  return exponent !== undefined && Number(exponent) >= digitsShownMax
}

export const digitsLostText: Text = say(
  '长数字已被表格软件改写为科学计数法，末尾数字已丢失；请把该列设为文本格式后重新填写',
  'the spreadsheet has turned a long number into scientific notation and lost its last digits: format the column as text and fill it in again',
)

export const unsafeText: Text = say(
  '文本含有 NUL 或不成对的代理码元',
  'a text contains NUL or half of a surrogate pair',
)

/** A column's name, as it is compared: half-width (NFKC), without blanks around it. */
export function readHeader(cell: string): string {
  if (cell.startsWith("'") && isMarkedHeader(cell.slice(1))) return cell.slice(1)
  return cleanHeader(cell)
}

/** A column's name as a cell that {@link readHeader} gives back as it was. */
export function writeHeader(name: string): string {
  return isMarkedHeader(name) ? `'${name}` : name
}

function isMarkedHeader(name: string): boolean {
  return needsMark(name) || cleanHeader(name) !== name
}

function cleanHeader(cell: string): string {
  return trimCell(trimCell(cell).normalize('NFKC'))
}
