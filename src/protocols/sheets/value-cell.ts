import {
  permissionsDefault,
  type Reference,
  ttlSecondsDefault,
  type Value,
  type ValueData,
} from '../../model/value.ts'
import type { Cell } from '../../registry/jobs/parts.ts'
import { cellText } from './cell-text.ts'

/** A value as a single write takes it, without its index and type. */
export interface CellValue {
  readonly data: string | ValueData
  readonly ttl?: number | string
  readonly permissions?: string
  readonly references?: readonly Reference[]
}

const members = ['data', 'ttl', 'permissions', 'references']

/** What a cell of a value's column says: its text, or JSON `{"data",…}` for what is more than a text. */
export function readValueCell(cell: Exclude<Cell, null>): CellValue {
  return findMembers(cell) ?? { data: cellText(cell) }
}

/** A value as a cell that {@link readValueCell} reads as it was. */
export function writeValueCell(value: Value): string {
  const { data, ttl, permissions, references } = value
  const isPlain =
    data.format === 'string' &&
    ttl === ttlSecondsDefault &&
    permissions === permissionsDefault &&
    references.length === 0
  if (isPlain && findMembers(data.value) === undefined) return data.value
  return JSON.stringify(moreThanText(value))
}

/** A value as a row of JSON has it; when it was written is the node's to say. */
export function valueMembers(value: Value) {
  const { index, type } = value
  return { index, type, ...moreThanText(value) }
}

function moreThanText({ data, ttl, permissions, references }: Value): CellValue {
  return {
    data,
    ...(ttl === ttlSecondsDefault ? {} : { ttl }),
    ...(permissions === permissionsDefault ? {} : { permissions }),
    ...(references.length === 0 ? {} : { references }),
  }
}

/** Only what has data, and nothing that a value does not have: the JSON of a link is a text. */
function findMembers(cell: Exclude<Cell, null>): CellValue | undefined {
  const mayBe = typeof cell === 'string' && cell.startsWith('{') && cell.includes('"data"')
  const value = mayBe ? parsed(cell) : cell
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const names = Object.keys(value)
  const isValue = names.includes('data') && names.every(name => members.includes(name))
  return isValue ? (value as CellValue) : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
