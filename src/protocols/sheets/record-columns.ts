import { invalid } from '../../model/failures.ts'
import type { Kind } from '../../model/identifier.ts'
import type { StoredRecord } from '../../model/record.ts'
import { say } from '../../model/text.ts'
import { type Value, valueIndexMax } from '../../model/value.ts'
import type {
  Cell,
  Cells,
  ReadRecordRows,
  RecordRow,
  WriteRecordRow,
} from '../../registry/jobs/parts.ts'
import { cellText } from './cell-text.ts'
import {
  type ColumnNames,
  columnMissing,
  errorColumns,
  findColumns,
  foldWord,
  nameIn,
} from './column-names.ts'
import { pointerPart } from './sheet-failures.ts'
import { readValueCell, valueMembers, writeValueCell } from './value-cell.ts'

/** Every other column is one value. `values` holds, as a list in JSON, those that have no column. */
const names = {
  identifier: ['identifier', '标识'],
  kind: ['kind', '种类'],
  successor: ['successor', '接替者'],
  values: ['values', '值'],
} as const satisfies ColumnNames<string>

const kindNames: ColumnNames<Kind> = {
  product: ['product', '产品'],
  equipment: ['equipment', '设备'],
  other: ['other', '其他', '其它'],
  subject: ['subject', '主体'],
  prefix: ['prefix', '前缀'],
}

interface ValueColumn {
  readonly column: string
  readonly index: number
  readonly type: string
}

interface Plan {
  readonly found: Readonly<Partial<Record<keyof typeof names, string>>>
  readonly values: readonly ValueColumn[]
}

/**
 * Reads rows of records: one column a value, its header the type, or `index:type`; without an index it is the place
 * among these columns, from 1. A line of NDJSON may have `values` instead, as a single write has them.
 */
export const readRecordRows: ReadRecordRows = ({ format, columns }) => {
  if (format !== 'ndjson') {
    const plan = planOf(columns)
    if (plan.found.identifier === undefined) throw columnMissing('identifier', '标识')
    return cells => readFlat(cells, plan)
  }
  // Lines of one file mostly have the same members.
  let last: { readonly members: string; readonly plan: Plan } | undefined
  return cells => {
    const members = Object.keys(cells)
    if (Array.isArray(cells['values'])) return readWhole(cells, members)
    const key = members.join('\n')
    if (last?.members !== key) last = { members: key, plan: planOf(members) }
    return readFlat(cells, last.plan)
  }
}

function planOf(columns: readonly string[]): Plan {
  const { found, rest } = findColumns(columns, names)
  return { found, values: rest.map((column, at) => valueColumn(column, at + 1)) }
}

function valueColumn(column: string, place: number): ValueColumn {
  const [, digits, type] = /^(\d{1,10}):(.+)$/s.exec(column) ?? []
  const index = Number(digits)
  if (type === undefined || index < 1 || index > valueIndexMax) {
    return { column, index: place, type: column }
  }
  return { column, index, type }
}

function readFlat(cells: Cells, { found, values }: Plan): RecordRow {
  const more = cellOf(cells, found.values)
  const flat: unknown[] = []
  for (const { column, index, type } of values) {
    const cell = cells[column] ?? null
    if (cell !== null) flat.push({ index, type, ...readValueCell(cell) })
  }
  const kind = cellOf(cells, found.kind)
  const successor = cellOf(cells, found.successor)
  return {
    identifier: identifierIn(cells, found.identifier),
    ...(kind === null ? {} : { kind: readKind(kind) }),
    values: more === null ? flat : [...flat, ...listIn(more, found.values ?? '')],
    ...(successor === null ? {} : { successor: cellText(successor) }),
  }
}

/** What `POST /v1/identifiers` takes, and nothing beside it: a member that was misspelled is not passed over. */
function readWhole(cells: Cells, members: readonly string[]): RecordRow {
  const stray = members.find(
    member => !Object.hasOwn(names, member) && nameIn(errorColumns, member) === undefined,
  )
  if (stray !== undefined) {
    throw invalid(
      `/${pointerPart(stray)}`,
      'record.member',
      say(`不认识的成员“${stray}”`, `there is no member "${stray}"`),
    )
  }
  const { kind, values, successor } = cells
  return {
    identifier: identifierIn(cells, 'identifier'),
    ...(kind === undefined ? {} : { kind: typeof kind === 'string' ? readKind(kind) : kind }),
    values,
    ...(successor === undefined ? {} : { successor }),
  }
}

function identifierIn(cells: Cells, column: string | undefined): string {
  const cell = cellOf(cells, column)
  if (typeof cell === 'string' || typeof cell === 'number') return String(cell)
  throw invalid('/identifier', 'required', say('缺少标识', 'the identifier is missing'))
}

function cellOf(cells: Cells, column: string | undefined): Cell {
  return column === undefined ? null : (cells[column] ?? null)
}

/** What is no kind stays as it is, for the rules to refuse. */
function readKind(cell: Exclude<Cell, null>): string {
  const text = cellText(cell)
  return nameIn(kindNames, text) ?? foldWord(text)
}

function listIn(cell: Exclude<Cell, null>, column: string): readonly unknown[] {
  try {
    const list: unknown = typeof cell === 'string' ? JSON.parse(cell) : cell
    if (Array.isArray(list)) return list
  } catch {
    // Told below.
  }
  throw invalid(
    `/${pointerPart(column)}`,
    'values.list',
    say('此列须为值的 JSON 列表', 'this column holds a list of values in JSON'),
  )
}

type WrittenRecord = Parameters<ReturnType<WriteRecordRow>>[0] &
  Partial<Pick<StoredRecord, 'successor'>>

/**
 * Writes records as rows of these columns, in whatever words they are spelled; without columns, as lines of NDJSON.
 * Values without a column go into the column `values`, where there is one.
 */
export const writeRecordRow = ((columns: readonly string[]) => {
  if (columns.length === 0) return wholeCells
  const { found, values: valueColumns } = planOf(columns)
  return (record: WrittenRecord): Cells => {
    const cells: Record<string, Cell> = Object.create(null)
    const set = (column: string | undefined, cell: Cell) => {
      if (column !== undefined) cells[column] = cell
    }
    const left = new Set(record.values)
    for (const { column, index, type } of valueColumns) {
      const value = record.values.find(each => each.index === index && each.type === type)
      cells[column] = value === undefined ? null : writeValueCell(value)
      if (value !== undefined) left.delete(value)
    }
    set(found.identifier, record.identifier)
    set(found.kind, record.kind)
    set(found.successor, record.successor ?? null)
    set(found.values, left.size === 0 ? null : JSON.stringify([...left].map(valueMembers)))
    return cells
  }
}) satisfies WriteRecordRow

function wholeCells({ identifier, kind, values, successor }: WrittenRecord): Cells {
  return Object.assign(Object.create(null), {
    identifier,
    ...(kind === null ? {} : { kind }),
    values: values.map(valueMembers),
    ...(successor === undefined ? {} : { successor }),
  })
}

/** Beyond, a sheet is not read by people any more; the values are there all the same, in the last column. */
const valueColumnsMax = 200

/** Columns that have room for whatever records there are, made to fit the ones that are known. */
export function columnsFor(records: readonly { readonly values: readonly Value[] }[]): string[] {
  const columns = new Map<string, Value>()
  for (const value of records.flatMap(({ values }) => values)) {
    columns.set(`${value.index}:${value.type}`, value)
  }
  const inOrder = [...columns].sort(
    ([a, { index: first }], [b, { index: second }]) => first - second || (a < b ? -1 : 1),
  )
  return [
    'identifier',
    'kind',
    ...inOrder.slice(0, valueColumnsMax).map(([column]) => column),
    'successor',
    'values',
  ]
}
