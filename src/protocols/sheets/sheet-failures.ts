import { Failure, type FieldError, invalid } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'

/** A file that cannot be read on, with the row where that was seen; row 0 is the header. */
export function sheetFailure(rule: string, detail: Text, row?: number): Failure {
  if (row === undefined) return invalid('', rule, detail)
  return invalid(`/${row}`, rule, atRow(row, detail))
}

/** What is wrong, with where it is. */
export function atRow(row: number, { zh, en }: Text): Text {
  return row === 0
    ? say(`表头：${zh}`, `the header: ${en}`)
    : say(`第 ${row} 行：${zh}`, `row ${row}: ${en}`)
}

export function sheetTooLarge(detail: Text, facts: Readonly<Record<string, unknown>>): Failure {
  return new Failure('TOO_LARGE', detail, { facts })
}

export function tooManyBytes(bytesMax: number): Failure {
  return sheetTooLarge(
    say(`文件超过 ${bytesMax} 字节`, `the file has more than ${bytesMax} bytes`),
    { bytesMax },
  )
}

export function tooManyRows(rowsMax: number): Failure {
  return sheetTooLarge(
    say(
      `文件超过 ${rowsMax} 行，请分成几个文件`,
      `the file has more than ${rowsMax} rows: split it`,
    ),
    { rowsMax },
  )
}

/** One row that cannot be read; the file goes on. */
export function rowRefusal(rule: string, detail: Text, column = ''): FieldError {
  return { pointer: column === '' ? '' : `/${pointerPart(column)}`, rule, detail }
}

/** RFC 6901 §3. */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
