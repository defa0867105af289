import { compact } from '../model/full-width.ts'

/** Generous separators allowed. */
const spellingLengthMax = 40

/**
 * A telephone number as text that loses nothing: digits as they are dialled within the country (`13800138000`,
 * `01062305887`), or `+` and the country code where one was given (`+8613800138000`, ITU-T E.164). What is no text has
 * no leading zero and no `+`; its digits are read only where one meaning is possible.
 * @returns undefined when it is no number we know how to dial; extensions are none
 */
export function readPhone(given: string | number): string | undefined {
  const spelling = typeof given === 'number' ? digitsOf(given) : given
  if (spelling.length > spellingLengthMax) return undefined
  const dialled = compact(spelling).replace(/[()]/g, '').replace(/^00/, '+')
  if (domestic.test(dialled)) return dialled
  if (neighbour.test(dialled)) return `+${dialled}`
  const chinese = afterCountryCode.exec(dialled)?.[1]
  if (chinese !== undefined) return `+86${chinese}`
  return foreign.test(dialled) ? dialled : undefined
}

/** Only whole numbers are digits: a sign or a point would be taken for a separator. */
function digitsOf(number: number): string {
  return Number.isSafeInteger(number) && number > 0 ? String(number) : ''
}

/** Whether a telephone, as {@link readPhone} returns it, may be a mobile; abroad nobody can tell, and it is believed. */
export function isMobile(phone: string): boolean {
  return /^(?:\+86)?1[3-9]\d{9}$/.test(phone) || foreign.test(phone)
}

/**
 * The digits as a number, which has no place for a leading zero: a landline gets its country code instead.
 * A North American number of the form +1 3… to +1 9… looks like a Chinese mobile then; a number cannot say which.
 * @param phone as {@link readPhone} returns it
 */
export function phoneAsNumber(phone: string): number {
  return Number(phone.replace(/^0/, '86').replace(/^\+/, ''))
}

/** Two-digit areas (010, 02x) have eight digits, the others seven or eight. */
const landline = '(?:10|2\\d)\\d{8}|[3-9]\\d{2}\\d{7,8}'
const mobile = '1[3-9]\\d{9}'
/** Mobiles, landlines, 400 and 800 numbers, and the short numbers of services (95588, 12345). */
const domestic = new RegExp(
  `^(?:${mobile}|0(?:${landline})|[48]00\\d{7}|9[56]\\d{3,6}|1[02]\\d{3})$`,
)
/** With the country code, with or without `+`, and perhaps the trunk zero that does not belong there. */
const afterCountryCode = new RegExp(`^\\+?860?(${mobile}|${landline})$`)
/** Hong Kong, Macao and Taiwan without `+`: no Chinese number looks like these. */
const neighbour = /^(?:85[23]\d{8}|886\d{8,9})$/
const foreign = /^\+(?!86)[1-9]\d{6,14}$/
