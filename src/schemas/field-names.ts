import type { Field, TableName } from './field.ts'
import { tables } from './tables.ts'

/** Our longest name has 39 characters; what is longer is not looked at. */
const spellingLengthMax = 100

/**
 * The code name of the field that a Chinese, English or code name stands for. Case, width, blanks, hyphens and
 * underscores do not count, so that the headers of people's own sheets are read.
 */
export function findFieldName(table: TableName, spelling: string): string | undefined {
  const names = namesBySpelling[table]
  if (spelling.length > spellingLengthMax) return undefined
  // Programs write the code name, and need no folding.
  return names?.get(spelling) ?? names?.get(fold(spelling))
}

function fold(spelling: string): string {
  return spelling
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_-]+/g, '')
}

const namesBySpelling: Readonly<Record<string, ReadonlyMap<string, string>>> = Object.fromEntries(
  Object.values(tables).map(({ name, fields }) => [name, new Map(fields.flatMap(spellingsOf))]),
)

function spellingsOf({ name, zh, en }: Field): (readonly [string, string])[] {
  return [name, fold(name), fold(zh), fold(en)].map(spelling => [spelling, name])
}
