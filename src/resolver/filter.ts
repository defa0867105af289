import type { Value } from '../model/value.ts'

/** Which values are asked for; both empty means all. */
export interface ValueFilter {
  readonly types: readonly string[]
  readonly indexes: readonly number[]
}

/** The union of what is asked by type and by index; a type that ends in `.` stands for itself and all below it. */
export function filterValues(values: readonly Value[], filter: ValueFilter): readonly Value[] {
  if (isWhole(filter)) return values
  const types = filter.types.map(type => type.toLowerCase())
  return values.filter(
    ({ index, type }) =>
      filter.indexes.includes(index) || types.some(asked => typeMatches(type.toLowerCase(), asked)),
  )
}

export function isWhole({ types, indexes }: ValueFilter): boolean {
  return types.length === 0 && indexes.length === 0
}

function typeMatches(type: string, asked: string): boolean {
  if (type === asked) return true
  return asked.endsWith('.') && (type.startsWith(asked) || `${type}.` === asked)
}
