import { isDeepStrictEqual } from 'node:util'
import { invalid } from '../model/failures.ts'
import { linkType, parseLink } from '../model/link.ts'
import { say } from '../model/text.ts'
import {
  permissionsDefault,
  type Reference,
  ttlSecondsDefault,
  type Value,
  type ValueData,
  valueIndexMax,
} from '../model/value.ts'

/** A value as it comes in: what is missing gets its default, `hex` and a bare string are other spellings of data. */
export interface ValueInput {
  readonly index: number
  readonly type: string
  readonly data: string | ValueData | { readonly format: 'hex'; readonly value: string }
  readonly ttl?: number | string
  readonly permissions?: string
  readonly references?: readonly Reference[]
}

/** A record is read and written whole, on every wire: this many values is far beyond any in the field. */
export const valuesMax = 1000
/** What a Handle message can carry (RFC 3652 §2.1.4 leaves the bound to us; peers stop at 262 144 bytes). */
export const recordBytesMax = 200_000
const typeBytesMax = 128

/**
 * Checks values against the rules of RFC 3651 §3.1 and gives them their stored form.
 * A value that says what `before` said keeps its timestamp.
 * @param at the instant of the write; stored in whole seconds
 * @throws Failure `INPUT_INVALID` naming the value and the rule
 */
export function normalizeValues(
  inputs: readonly ValueInput[],
  at: Date,
  before: readonly Value[] = [],
): Value[] {
  if (inputs.length > valuesMax) {
    throw invalid(
      '/values',
      'values.count',
      say(`最多 ${valuesMax} 个值`, `at most ${valuesMax} values`),
    )
  }
  const timestamp = wholeSeconds(at)
  const values = inputs.map((input, position) => normalizeValue(input, position, timestamp))
  if (!isAscending(values)) refuseRepeatedIndex(values)
  if (mayBeTooLong(values) && Buffer.byteLength(JSON.stringify(values)) > recordBytesMax) {
    throw invalid(
      '/values',
      'values.bytes',
      say(`记录不得超过 ${recordBytesMax} 字节`, `a record holds at most ${recordBytesMax} bytes`),
    )
  }
  values.sort((a, b) => a.index - b.index)
  return keepTimestamps(values, before)
}

/** A bound that costs nothing: a unit of text is at most six bytes of JSON. */
function mayBeTooLong(values: readonly Value[]): boolean {
  let bytes = 0
  for (const { data, references } of values) {
    if (data.format !== 'string' || references.length > 0) return true
    bytes += 6 * data.value.length + valueFrameBytes
  }
  return bytes > recordBytesMax
}

/** Everything of a value but its text: the names of its members, and a type of at most so many bytes. */
const valueFrameBytes = 1_000

/** A value that says what it said before stays the value it was. */
export function keepTimestamps(values: readonly Value[], before: readonly Value[] = []): Value[] {
  if (before.length === 0) return [...values]
  const former = new Map(before.map(value => [value.index, value]))
  return values.map(value => unchanged(value, former.get(value.index)) ?? value)
}

function normalizeValue(input: ValueInput, position: number, timestamp: string): Value {
  const pointer = `/values/${position}`
  checkIndex(input.index, pointer)
  checkType(input.type, pointer)
  const data = normalizeData(input.data, pointer)
  if (input.type.toUpperCase() === linkType) checkLink(data, pointer)
  const permissions = normalizePermissions(input.permissions ?? permissionsDefault, pointer)
  if (input.type.toUpperCase() === secretKeyType) checkSecret(permissions, pointer)
  return {
    index: input.index,
    type: input.type,
    data,
    ttl: normalizeTtl(input.ttl ?? ttlSecondsDefault, pointer),
    timestamp,
    permissions,
    references: input.references ?? [],
  }
}

/** The secret that a Handle administrator proves to know (RFC 3651 §3.2). */
const secretKeyType = 'HS_SECKEY'

/** What everybody can read proves nothing, and would be used to log in. */
function checkSecret(permissions: string, pointer: string): void {
  if (permissions[2] === '0') return
  throw invalid(
    `${pointer}/permissions`,
    'value.secretIsPublic',
    say(
      'HS_SECKEY 的值不得公开可读，权限须如 1100',
      'the value of an HS_SECKEY must not be publicly readable: permissions like 1100',
    ),
  )
}

function checkIndex(index: number, pointer: string): void {
  if (Number.isInteger(index) && index >= 1 && index <= valueIndexMax) return
  throw invalid(
    `${pointer}/index`,
    'value.index',
    say(
      `序号须为 1 至 ${valueIndexMax} 的整数`,
      `an index is a whole number from 1 to ${valueIndexMax}`,
    ),
  )
}

function checkType(type: string, pointer: string): void {
  const bytes = Buffer.byteLength(type)
  if (bytes > 0 && bytes <= typeBytesMax && !/[\p{Cc}\p{Cf}\s]/u.test(type)) return
  throw invalid(
    `${pointer}/type`,
    'value.type',
    say(
      `类型须为 1 至 ${typeBytesMax} 字节，且不含空白或控制字符`,
      `a type has 1 to ${typeBytesMax} bytes and no blanks or control characters`,
    ),
  )
}

function normalizeData(data: ValueInput['data'], pointer: string): ValueData {
  if (typeof data === 'string') return { format: 'string', value: data }
  if (data.format === 'hex') return { format: 'base64', value: fromHex(data.value, pointer) }
  if (data.format === 'base64') return { format: 'base64', value: checkBase64(data.value, pointer) }
  // Nothing but these two members is stored.
  const { format, value } = data
  return { format, value } as ValueData
}

/** A link is followed by whoever scans a label: a broken one is found when it is written. */
function checkLink(data: ValueData, pointer: string): void {
  parseLink(data.format === 'string' ? data.value : '', `${pointer}/data`)
}

function fromHex(hex: string, pointer: string): string {
  if (/^(?:[0-9a-f]{2})*$/i.test(hex)) return Buffer.from(hex, 'hex').toString('base64')
  throw invalid(
    `${pointer}/data`,
    'value.hex',
    say('十六进制数据须成对出现', 'hex data is pairs of hex digits'),
  )
}

function checkBase64(base64: string, pointer: string): string {
  const normal = Buffer.from(base64, 'base64').toString('base64')
  if (normal.replace(/=+$/, '') === base64.replace(/=+$/, '')) return normal
  throw invalid(
    `${pointer}/data`,
    'value.base64',
    say('不是标准 base64', 'this is not standard base64'),
  )
}

function normalizeTtl(ttl: number | string, pointer: string): number | string {
  if (typeof ttl === 'number') {
    if (Number.isInteger(ttl) && ttl >= 0 && ttl <= valueIndexMax) return ttl
  } else {
    const end = new Date(ttl)
    if (instantForm.test(ttl) && !Number.isNaN(end.getTime())) return wholeSeconds(end)
  }
  throw invalid(
    `${pointer}/ttl`,
    'value.ttl',
    say(
      'ttl 须为非负整数秒，或 RFC 3339 时刻',
      'ttl is whole seconds from 0, or the end as an RFC 3339 instant',
    ),
  )
}

/** RFC 3339 §5.6: without its offset it would mean another instant on another machine. */
const instantForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i

function normalizePermissions(permissions: string, pointer: string): string {
  if (permissions === '*') return '1111'
  if (/^[01]{4}$/.test(permissions)) return permissions
  throw invalid(
    `${pointer}/permissions`,
    'value.permissions',
    say(
      '权限为 4 位 0/1：管理读、管理写、公开读、公开写',
      'permissions are four digits 0 or 1: admin read, admin write, public read, public write',
    ),
  )
}

/** As almost all are. */
function isAscending(values: readonly Value[]): boolean {
  return values.every(({ index }, at) => at === 0 || index > (values[at - 1]?.index ?? 0))
}

function refuseRepeatedIndex(values: readonly Value[]): void {
  const seen = new Set<number>()
  for (const [position, { index }] of values.entries()) {
    if (seen.has(index)) {
      throw invalid(
        `/values/${position}/index`,
        'value.repeatedIndex',
        say(`序号 ${index} 重复`, `index ${index} is there twice`),
      )
    }
    seen.add(index)
  }
}

/** The former value where nothing but the timestamp would change. */
function unchanged(value: Value, former: Value | undefined): Value | undefined {
  if (former === undefined) return undefined
  return isDeepStrictEqual(value, { ...former, timestamp: value.timestamp }) ? former : undefined
}

/** RFC 3339 in UTC without fractions: the Handle wire counts seconds. */
export function wholeSeconds(at: Date): string {
  const second = Math.floor(at.getTime() / 1000)
  // A file of a million rows asks for one second a million times.
  if (second !== lastSecond) {
    lastText = `${at.toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}

let lastSecond = Number.NaN
let lastText = ''
