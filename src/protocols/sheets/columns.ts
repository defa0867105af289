import { say } from '../../model/text.ts'
import { columnsMax } from './sheet-bounds.ts'
import { sheetFailure, sheetTooLarge } from './sheet-failures.ts'

/**
 * The names of the columns, without those behind the last one that has a name.
 * @param names cleaned, in their order
 * @throws Failure `INPUT_INVALID` where a column has no name or two have the same, `TOO_LARGE` for too many
 */
export function checkColumns(names: readonly string[]): readonly string[] {
  const columns = names.slice(0, names.findLastIndex(name => name !== '') + 1)
  if (columns.length === 0) {
    throw sheetFailure('sheet.empty', say('文件没有表头', 'the file has no header'))
  }
  if (columns.length > columnsMax) {
    throw sheetTooLarge(say(`最多 ${columnsMax} 列`, `at most ${columnsMax} columns`), {
      columnsMax,
    })
  }
  for (const [at, name] of columns.entries()) {
    if (name === '') {
      throw sheetFailure(
        'sheet.namelessColumn',
        say(`第 ${at + 1} 列没有列名`, `column ${at + 1} has no name`),
      )
    }
    if (columns.indexOf(name) < at) {
      throw sheetFailure(
        'sheet.repeatedColumn',
        say(
          `列“${name}”出现了两次；多个同类的值请写作“序号:类型”`,
          `there are two columns "${name}": write several values of a type as "index:type"`,
        ),
      )
    }
  }
  return columns
}
