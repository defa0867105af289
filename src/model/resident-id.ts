import { invalid } from './failures.ts'
import { toHalfWidth } from './full-width.ts'
import { say, type Text } from './text.ts'

/** A resident identity number (GB 11643-1999). Personal data: sealed when stored, masked when shown. */
export interface ResidentId {
  /** 18 characters, the last a digit or `X`. */
  readonly number: string
  /** GB/T 2260, six digits, of the place of first registration; may have been abolished since. */
  readonly region: string
  /** `YYYY-MM-DD`. */
  readonly bornOn: string
  readonly sex: 'male' | 'female'
}

/**
 * Reads a resident identity number in any spelling; the 15 digits of before 1999 become 18.
 * @param today the civil day in Asia/Shanghai, `YYYY-MM-DD`; nobody is born after it
 * @throws Failure `INPUT_INVALID`; its text never repeats the number
 */
export function parseResidentId(text: string, today: string, pointer = '/residentId'): ResidentId {
  const fail = (rule: string, detail: Text) => invalid(pointer, `residentId.${rule}`, detail)
  if (text.length > spellingLengthMax) throw fail('form', form)
  const spelt = toHalfWidth(text).replace(/[\s-]/g, '').toUpperCase()
  if (!/^(?:[1-9]\d{16}[\dX]|[1-9]\d{14})$/.test(spelt)) throw fail('form', form)
  const number = spelt.length === 15 ? modernise(spelt) : spelt
  const bornOn = birthDay(number)
  if (bornOn === undefined)
    throw fail('birthDate', say('出生日期不存在', 'there is no such birth date'))
  if (bornOn > today)
    throw fail('birthDate', say('出生日期在未来', 'the birth date is in the future'))
  if (checkSymbolOf(number) !== number[17]) {
    throw fail(
      'checkSymbol',
      say('校验码错误，请核对', 'the check symbol is wrong; compare the number'),
    )
  }
  const sex = Number(number[16]) % 2 === 1 ? 'male' : 'female'
  return { number, region: number.slice(0, 6), bornOn, sex }
}

/** Whether 18 symbols could be somebody's resident identity number: what must never be guessed at. */
export function looksLikeResidentId(text: string): boolean {
  return (
    /^[1-9]\d{16}[\dX]$/.test(text) &&
    birthDay(text) !== undefined &&
    checkSymbolOf(text) === text[17]
  )
}

/** First three and last four characters, the rest as stars. */
export function maskResidentId(number: string): string {
  return `${number.slice(0, 3)}${'*'.repeat(number.length - 7)}${number.slice(-4)}`
}

/** Generous separators allowed. */
const spellingLengthMax = 40

const form = say(
  '居民身份证号为 18 位：17 位数字和 1 位校验码',
  'a resident identity number is 17 digits and a check symbol',
)

/** The 15-digit form has a two-digit year, always of the 20th century, and no check symbol. */
function modernise(old: string): string {
  const digits = `${old.slice(0, 6)}19${old.slice(6)}`
  return digits + checkSymbolOf(digits)
}

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

function checkSymbolOf(digits: string): string {
  const sum = weights.reduce((total, weight, i) => total + weight * Number(digits[i]), 0)
  return '10X98765432'[sum % 11]!
}

/** The earliest year of birth that a living register can hold. */
const birthYearMin = 1850

function birthDay(number: string): string | undefined {
  const [year, month, day] = [number.slice(6, 10), number.slice(10, 12), number.slice(12, 14)]
  if (Number(year) < birthYearMin) return undefined
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  const exists = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day)
  return exists ? `${year}-${month}-${day}` : undefined
}
