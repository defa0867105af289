import { Failure } from '../../model/failures.ts'
import type { Value } from '../../model/value.ts'
import { findFieldName } from '../../schemas/field-names.ts'
import { type Fields, readRow } from '../../schemas/validate.ts'

/** A value of this type holds several items of table 1 as one JSON object. */
const basicType = 'QXM_BASIC'

/**
 * The items of table 1 in a record: values whose type is the Chinese, English or code name of an item, and those of one
 * JSON object of type `QXM_BASIC`; a value of its own goes before the object's. What cannot be read as its item is left out:
 * whoever files sees that it is missing.
 */
export function saidByRecord(values: readonly Value[]): Fields {
  const given = new Map<string, unknown>()
  for (const [spelling, said] of [...membersIn(values), ...itemsIn(values)]) {
    const name = findFieldName('basic', spelling)
    if (name !== undefined) given.set(name, said)
  }
  const fields: Record<string, Fields[string]> = {}
  for (const [name, said] of given) {
    const value = readItem(name, said)
    if (value !== undefined) fields[name] = value
  }
  return asRow(fields)
}

function itemsIn(values: readonly Value[]): readonly (readonly [string, unknown])[] {
  return values.flatMap(({ type, data }) =>
    data.format === 'string' ? [[type, data.value] as const] : [],
  )
}

function membersIn(values: readonly Value[]): readonly (readonly [string, unknown])[] {
  const found = values.find(({ type }) => type.toUpperCase() === basicType)
  if (found?.data.format !== 'string') return []
  try {
    const parsed: unknown = JSON.parse(found.data.value)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? Object.entries(parsed) : []
  } catch {
    // Somebody else wrote it: what is no JSON says nothing.
    return []
  }
}

/** Numbers stand in records as text. */
function readItem(name: string, said: unknown): Fields[string] | undefined {
  const isDigits = typeof said === 'string' && /^\d{1,15}(?:\.\d{1,4})?$/.test(said)
  return tryItem(name, said) ?? (isDigits ? tryItem(name, Number(said)) : undefined)
}

function tryItem(name: string, said: unknown): Fields[string] | undefined {
  try {
    return readRow('basic', 'production', { [name]: said }, { isDraft: true }).fields[name]
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

/** In the order of the standard. Items that contradict each other are the filer's to sort out. */
function asRow(fields: Fields): Fields {
  try {
    return readRow('basic', 'production', fields, { isDraft: true }).fields
  } catch (error) {
    if (error instanceof Failure) return fields
    throw error
  }
}
