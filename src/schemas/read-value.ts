import { Failure, type FieldError, invalid } from '../model/failures.ts'
import { parseResidentId } from '../model/resident-id.ts'
import { requireClean } from '../model/safe-text.ts'
import { say, type Text } from '../model/text.ts'
import { parseUsccLeniently } from '../model/uscc.ts'
import { endlessDay, isCivilDay, numberOfIsoDay } from './civil-day.ts'
import type { Field, Form } from './field.ts'
import { isMobile, readPhone } from './phone.ts'
import type { Profile } from './profiles.ts'

/** Dates, counts and phones are numbers; everything else is text. */
export type FieldValue = string | number

export interface Reading {
  readonly value: FieldValue
  readonly warnings: readonly FieldError[]
}

export interface ReadingContext {
  readonly profile: Profile
  /** Where the field stands in the input, ending in its code name. */
  readonly pointer: string
  /** The civil day in Asia/Shanghai, `YYYY-MM-DD`; without it nothing is compared with the present. */
  readonly today: string | undefined
}

/**
 * One value of one field, in the form in which it is stored.
 * @throws Failure `INPUT_INVALID` with the first rule it breaks
 */
export function readValue({ form }: Field, given: unknown, context: ReadingContext): Reading {
  const { pointer, today } = context
  switch (form.kind) {
    case 'text':
      return readText(form, textOf(given, pointer), context)
    case 'uscc': {
      const { uscc, warnings } = parseUsccLeniently(textOf(given, pointer), pointer)
      return { value: uscc.text, warnings }
    }
    case 'residentId': {
      // Without a present, the last day there is: nobody is born after it.
      const id = parseResidentId(textOf(given, pointer), today ?? '9999-12-31', pointer)
      return plain(id.number)
    }
    case 'date':
      return plain(readDate(form, given, context))
    case 'period':
      return plain(readPeriod(given, context))
    case 'count':
      return plain(readCount(given, pointer))
    case 'quantity':
      return plain(readQuantity(given, pointer))
    case 'number':
      return plain(numberOf(given, pointer))
    case 'phone':
      return plain(readPhoneOf(form, given, pointer))
  }
}

function plain(value: FieldValue): Reading {
  return { value, warnings: [] }
}

function textOf(given: unknown, pointer: string): string {
  if (typeof given !== 'string') throw invalid(pointer, 'type.char', notText)
  return given
}

function readText(
  { charsMax, prose = false }: Extract<Form, { kind: 'text' }>,
  text: string,
  { profile, pointer }: ReadingContext,
): Reading {
  // A character has at most two UTF-16 units, so a long text is refused before anything reads it.
  if (text.length > charsMax * 2) throw tooLong(pointer, charsMax)
  const value = (prose ? withPlainBreaks(text) : text).trim()
  if ([...value].length > charsMax) throw tooLong(pointer, charsMax)
  demandClean(prose ? value.replaceAll('\n', ' ') : value, pointer)
  if (profile.refusesEmoji && emoji.test(value)) throw invalid(pointer, 'text.emoji', noEmoji)
  const isTurned = rightToLeft.test(value)
  const warnings = [{ pointer, rule: 'text.rightToLeft', detail: isRightToLeft }]
  return { value, warnings: isTurned ? warnings : [] }
}

/** Sheets and forms bring tabs and the line ends of their systems. */
function withPlainBreaks(text: string): string {
  return text.replace(/\r\n?/g, '\n').replaceAll('\t', ' ')
}

function demandClean(text: string, pointer: string): void {
  try {
    requireClean(text)
  } catch (error) {
    const broken = error instanceof Failure ? error.errors[0] : undefined
    throw broken === undefined ? error : invalid(pointer, broken.rule, broken.detail)
  }
}

const emoji = /\p{Emoji_Presentation}|\ufe0f/u
const rightToLeft =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u

function numberOf(given: unknown, pointer: string): number {
  if (typeof given !== 'number' || !Number.isFinite(given)) {
    throw invalid(pointer, 'type.number', notNumber)
  }
  if (Math.abs(given) > Number.MAX_SAFE_INTEGER) throw invalid(pointer, 'number.range', inexact)
  return given
}

function readQuantity(given: unknown, pointer: string): number {
  const number = numberOf(given, pointer)
  if (number < 0) throw invalid(pointer, 'number.negative', negative)
  return number
}

function readCount(given: unknown, pointer: string): number {
  const number = readQuantity(given, pointer)
  if (!Number.isInteger(number)) throw invalid(pointer, 'number.whole', notWhole)
  return number
}

function readDate(
  { mayBeEndless = false, past = false }: Extract<Form, { kind: 'date' }>,
  given: unknown,
  context: ReadingContext,
): number {
  const { pointer, today } = context
  const day = dayOf(given, context)
  if (day === endlessDay && !mayBeEndless) throw invalid(pointer, 'date', notEndless)
  const present = today === undefined ? undefined : numberOfIsoDay(today)
  if (past && present !== undefined && day > present) throw invalid(pointer, 'date.future', future)
  return day
}

/** @throws Failure `INPUT_INVALID` where there is no such day */
function dayOf(given: unknown, context: ReadingContext): number {
  const day = numberOrDay(given, context)
  if (!isCivilDay(day)) throw invalid(context.pointer, 'date', noSuchDay)
  return day
}

function numberOrDay(given: unknown, { profile, pointer }: ReadingContext): number {
  const isIso = profile.readsIsoDates && typeof given === 'string'
  return (isIso ? numberOfIsoDay(given.trim()) : undefined) ?? numberOf(given, pointer)
}

/** A century: no product is good for longer, and no day is as small a number. */
const periodDaysMax = 36_500

function readPeriod(given: unknown, context: ReadingContext): number {
  const number = numberOrDay(given, context)
  const isDays = Number.isInteger(number) && number > 0 && number <= periodDaysMax
  if (!isDays && !isCivilDay(number)) throw invalid(context.pointer, 'date', noSuchPeriod)
  return number
}

/** Whether a period was given by its last day. */
export function isLastDay(period: number): boolean {
  return period > periodDaysMax
}

function readPhoneOf(
  { mobile = false }: Extract<Form, { kind: 'phone' }>,
  given: unknown,
  pointer: string,
): string {
  if (typeof given !== 'string' && typeof given !== 'number') {
    throw invalid(pointer, 'type.number', notNumber)
  }
  const phone = readPhone(given)
  if (phone === undefined) throw invalid(pointer, 'phone', noSuchPhone)
  if (mobile && !isMobile(phone)) throw invalid(pointer, 'phone', notMobile)
  return phone
}

function tooLong(pointer: string, charsMax: number): Failure {
  return invalid(
    pointer,
    'length',
    say(`最多 ${charsMax} 个字符`, `at most ${charsMax} characters`),
  )
}

const notText: Text = say(
  '此项为字符型，须以文字填写',
  'this item is of the character type: give a text',
)
const notNumber = say(
  '此项为数字型，须以数字填写',
  'this item is of the number type: give a number',
)
const noEmoji = say('不得含有表情符号', 'it may not contain emoji')
const isRightToLeft = say(
  '含有从右向左书写的文字，请核对显示是否正确',
  'it contains letters written from right to left; check that it is shown as meant',
)
const inexact = say('数字过大，无法精确保存', 'the number is too large to be kept exactly')
const negative = say('不得为负数', 'it may not be negative')
const notWhole = say('须为整数', 'it must be a whole number')
const noSuchDay = say(
  '日期不存在，应为 YYYYMMDD，如 20200821',
  'there is no such day; dates are YYYYMMDD, such as 20200821',
)
const notEndless = say('此日期不能为长期', 'this date cannot be long-term')
const future = say('日期不能在未来', 'this date cannot lie in the future')
const noSuchPeriod = say(
  `须为 1 至 ${periodDaysMax} 天，或最后一日 YYYYMMDD`,
  `give 1 to ${periodDaysMax} days, or the last day as YYYYMMDD`,
)
const noSuchPhone = say(
  '电话号码无法识别：固定电话须带区号并以文字填写首位 0，或写国家代码 86；境外号码以 + 开头；不含分机号',
  'no telephone number: write a landline as text with its leading zero, or with the country code 86; begin a foreign number with +; leave out extensions',
)
const notMobile = say('须为手机号码', 'this must be a mobile number')
