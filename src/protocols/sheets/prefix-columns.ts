import { invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Cell, Cells, PrefixSheetRow, ReadPrefixRows } from '../../registry/jobs/parts.ts'
import { cellText } from './cell-text.ts'
import { type ColumnNames, columnMissing, findColumns, foldWidth, nameIn } from './column-names.ts'
import { sheetFailure } from './sheet-failures.ts'

const names = {
  prefix: ['prefix', '前缀'],
  system: ['system', '体系', '标识体系'],
  owner: ['owner', '所有者', '主体'],
  state: ['state', '状态'],
  served: ['served', '服务'],
  for: ['for', '用途'],
} as const satisfies ColumnNames<string>

const stateNames = {
  awaiting: ['awaiting', '待启用'],
  enabled: ['enabled', '启用', '已启用'],
  disabled: ['disabled', '停用', '已停用'],
} as const satisfies ColumnNames<string>

const servedNames = {
  hosted: ['hosted', '托管'],
  delegated: ['delegated', '委托'],
} as const satisfies ColumnNames<string>

const useNames = {
  product: ['product', '产品'],
  equipment: ['equipment', '设备'],
} as const satisfies ColumnNames<string>

type Found = Readonly<Partial<Record<keyof typeof names, string>>>

/** Reads rows of prefixes, by the names of their columns in Chinese or English. */
export const readPrefixRows: ReadPrefixRows = ({ format, columns }) => {
  if (format !== 'ndjson') {
    const found = findPrefixColumns(columns)
    if (found.prefix === undefined) throw columnMissing('prefix', '前缀')
    return cells => readRow(cells, found)
  }
  return cells => readRow(cells, findPrefixColumns(Object.keys(cells)))
}

/** A column that we do not know would be passed over, and what it says with it. */
function findPrefixColumns(columns: readonly string[]): Found {
  const { found, rest } = findColumns(columns, names)
  if (rest[0] === undefined) return found
  throw sheetFailure(
    'sheet.unknownColumn',
    say(`不认识的列“${rest[0]}”`, `there is no column "${rest[0]}" of prefixes`),
  )
}

function readRow(cells: Cells, found: Found): PrefixSheetRow {
  const cell = (name: keyof typeof names): Cell => {
    const column = found[name]
    return column === undefined ? null : (cells[column] ?? null)
  }
  const word = (name: keyof typeof names, words: ColumnNames<string>) => {
    const text = cell(name)
    return text === null ? {} : { [name]: wordIn(words, cellText(text)) }
  }
  const prefix = cell('prefix')
  if (typeof prefix !== 'string' && typeof prefix !== 'number') {
    throw invalid('/prefix', 'required', say('缺少前缀', 'the prefix is missing'))
  }
  const uses = cell('for')
  return {
    prefix: foldWidth(String(prefix)),
    ...word('system', {}),
    ...word('owner', {}),
    ...word('state', stateNames),
    ...word('served', servedNames),
    ...(uses === null ? {} : { for: readUses(uses) }),
  }
}

/** What is none of the words stays as it is, for the rules to refuse. */
function wordIn(words: ColumnNames<string>, text: string): string {
  return nameIn(words, text) ?? foldWidth(text)
}

function readUses(cell: Exclude<Cell, null>): unknown {
  if (typeof cell !== 'string') return cell
  const uses = cell.split(/[,，、;；|\s]+/).filter(use => use !== '')
  return uses.map(use => wordIn(useNames, use))
}

/** Writes prefixes as rows of these columns, in whatever words they are spelled. */
export function writePrefixRow(columns: readonly string[]): (row: PrefixSheetRow) => Cells {
  const { found } = findColumns(columns, names)
  return row => {
    const cells: Record<string, Cell> = Object.create(null)
    for (const name of Object.keys(found) as (keyof typeof names)[]) {
      const value = row[name] ?? null
      const cell = Array.isArray(value) ? value.join(',') : (value as Cell)
      cells[found[name] ?? name] = cell
    }
    return cells
  }
}
