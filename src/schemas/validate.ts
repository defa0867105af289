import { Failure, type FieldError, invalid } from '../model/failures.ts'
import { say } from '../model/text.ts'
import type { Field, Table, TableName } from './field.ts'
import { findFieldName } from './field-names.ts'
import { type ProfileName, profiles } from './profiles.ts'
import { type FieldValue, isLastDay, type Reading, readValue } from './read-value.ts'

/** A row as it is stored: values by code name, in the order of the standard. What was not given is not there. */
export type Fields = Readonly<Record<string, FieldValue>>

export interface Row {
  readonly fields: Fields
  /** What a reviewer should look at, such as the wrong check symbol of an early credit code. */
  readonly warnings: readonly FieldError[]
}

export interface RowContext {
  /** Where the row stands in the input, as a JSON pointer such as `/basic`. */
  readonly pointer?: string
  /** The civil day in Asia/Shanghai, `YYYY-MM-DD`; without it nothing is compared with the present. */
  readonly today?: string
  /** What is missing in a draft is no mistake yet. */
  readonly isDraft?: boolean
}

/** Members without a field that are named one by one; nobody repairs more at once. */
const unknownNamedMax = 20

/**
 * Reads one row of a table. Members may have the Chinese, English or code name of their field; null and blank text
 * say that nothing is given.
 * @param input parsed JSON, or the cells of a line by their headers once numbers are numbers
 * @throws Failure `INPUT_INVALID` with one error for each broken field
 */
export function readRow(
  tableName: TableName,
  profileName: ProfileName,
  input: unknown,
  { pointer = '', today, isDraft = false }: RowContext = {},
): Row {
  const profile = profiles[profileName]
  const table = profile.tables[tableName]
  const { given, unknown } = sortMembers(tableName, input, pointer)
  const errors: FieldError[] = []
  const readings = new Map<string, Reading>()

  for (const field of table.fields) {
    const place = `${pointer}/${field.name}`
    try {
      const value = onlyOne(given.get(field.name) ?? [], place)
      if (value !== undefined) {
        readings.set(field.name, readValue(field, value, { profile, pointer: place, today }))
      } else if (field.required && !isDraft) {
        throw invalid(place, 'required', missing(field))
      }
    } catch (error) {
      errors.push(fieldErrorOf(error))
    }
  }
  errors.push(...outOfOrder(table, readings, pointer), ...unknown)

  if (errors.length > 0) throw refusal(errors)
  return {
    fields: Object.fromEntries([...readings].map(([name, { value }]) => [name, value])),
    warnings: [...readings.values()].flatMap(({ warnings }) => warnings),
  }
}

/** What was given for each field, and complaints about members that are none of ours. */
function sortMembers(table: TableName, input: unknown, pointer: string) {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid(pointer, 'type.object', notRow)
  }
  const given = new Map<string, unknown[]>()
  const unknown: FieldError[] = []
  for (const [spelling, value] of Object.entries(input)) {
    const name = findFieldName(table, spelling)
    if (name !== undefined) {
      const values = given.get(name)
      if (values === undefined) given.set(name, [value])
      else values.push(value)
    } else if (unknown.length < unknownNamedMax) {
      unknown.push({
        pointer: `${pointer}/${show(spelling)}`,
        rule: 'unknownField',
        detail: noField,
      })
    }
  }
  return { given, unknown }
}

/** @returns undefined where nothing is given */
function onlyOne(values: readonly unknown[], pointer: string): unknown {
  if (values.length > 1) throw invalid(pointer, 'ambiguous', ambiguous)
  const [value] = values
  const isBlank = value === null || (typeof value === 'string' && !/\S/.test(value))
  return isBlank ? undefined : value
}

function outOfOrder(
  { fields, order }: Table,
  readings: ReadonlyMap<string, Reading>,
  pointer: string,
): FieldError[] {
  const errors = order.map(([earlier, later]) => {
    const [from, to] = [dayIn(readings.get(earlier)), dayIn(readings.get(later))]
    if (from === undefined || to === undefined || to >= from) return []
    const other = fields.find(({ name }) => name === earlier)
    const detail = say(`不得早于${other?.zh}`, `it may not be before the ${other?.en}`)
    return [{ pointer: `${pointer}/${later}`, rule: 'date.order', detail }]
  })
  return errors.flat()
}

function dayIn(reading: Reading | undefined): number | undefined {
  const value = reading?.value
  return typeof value === 'number' && isLastDay(value) ? value : undefined
}

function fieldErrorOf(error: unknown): FieldError {
  const broken = error instanceof Failure ? error.errors[0] : undefined
  if (broken === undefined) throw error
  return broken
}

function refusal(errors: readonly FieldError[]): Failure {
  const detail = say('数据项不符合要求，见 errors', 'some items break rules; see errors')
  return new Failure('INPUT_INVALID', errors.length === 1 ? errors[0]?.detail : detail, { errors })
}

/** Of a member's name, what may be repeated in an answer or a log. */
const shownCharsMax = 64

/** A reference token (RFC 6901 §3), cut, and without characters that cannot be seen. */
function show(spelling: string): string {
  return spelling
    .slice(0, shownCharsMax)
    .replace(/\p{C}/gu, '\ufffd')
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
}

function missing({ zh, en }: Field) {
  return say(`缺少${zh}`, `the ${en} is missing`)
}

const notRow = say('一行数据须为 JSON 对象', 'a row must be a JSON object')
const noField = say('此表没有此数据项', 'the table has no such item')
const ambiguous = say(
  '同一数据项以多个名称给出，请只保留一个',
  'the item is given under more than one of its names; keep one',
)
