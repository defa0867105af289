import { toHalfWidth } from '../../model/full-width.ts'
import { say } from '../../model/text.ts'
import { sheetFailure } from './sheet-failures.ts'
import { trimCell } from './text-cells.ts'

/** Every name of a column, by its code name. */
export type ColumnNames<Name extends string> = Readonly<Record<Name, readonly string[]>>

/** What an error file has beside the rows that it gives back: it may be sent again as it is. */
export const errorColumns = {
  row: ['row', '行'],
  field: ['field', '字段'],
  reason: ['reason', '原因'],
} as const satisfies ColumnNames<string>

/**
 * Which columns of a file have these names, whatever their letters' case and width.
 * @returns spelled columns by code name, and what is left, in its order; columns of an error file are left out
 * @throws Failure `INPUT_INVALID` where two columns have names of one thing
 */
export function findColumns<Name extends string>(
  columns: readonly string[],
  names: ColumnNames<Name>,
): { readonly found: Readonly<Partial<Record<Name, string>>>; readonly rest: readonly string[] } {
  const found: Partial<Record<Name, string>> = {}
  const errors = columns.filter(column => nameIn(errorColumns, column) !== undefined)
  // One of these alone could be a value of that type.
  const isErrorFile = errors.length === Object.keys(errorColumns).length
  const rest = columns.filter(column => {
    if (isErrorFile && errors.includes(column)) return false
    const name = nameIn(names, column)
    if (name === undefined) return true
    if (found[name] !== undefined) {
      throw sheetFailure(
        'sheet.repeatedColumn',
        say(
          `列“${found[name]}”与“${column}”是同一列`,
          `"${found[name]}" and "${column}" are the same column`,
        ),
      )
    }
    found[name] = column
    return false
  })
  return { found, rest }
}

/** The code name of a word in any of its languages. */
export function nameIn<Name extends string>(
  names: ColumnNames<Name>,
  word: string,
): Name | undefined {
  const folded = foldWord(word)
  return (Object.keys(names) as Name[]).find(name => names[name].includes(folded))
}

/** Words of our own, such as kinds and states, however they were typed. */
export function foldWord(text: string): string {
  return foldWidth(text).toLowerCase()
}

/** Codes and prefixes, whose letters may have a case. */
export function foldWidth(text: string): string {
  return trimCell(toHalfWidth(text))
}

export function columnMissing(name: string, zh: string) {
  return sheetFailure(
    'sheet.columnMissing',
    say(`缺少列 ${name}（${zh}）`, `the column ${name} (${zh}) is missing`),
  )
}
