/** How a cell shows its number, as far as that changes what it says. */
export type NumberFormat =
  | { readonly kind: 'plain' }
  /** A day, perhaps with the time; `isCompact` for `yyyymmdd`, as the tables of the standard write days. */
  | { readonly kind: 'day'; readonly hasTime: boolean; readonly isCompact: boolean }
  | { readonly kind: 'time' }
  /** Padded with zeros on the left. */
  | { readonly kind: 'digits'; readonly count: number }

export const plainFormat: NumberFormat = { kind: 'plain' }

/** Formats that a workbook names by number only (ECMA-376 part 1, §18.8.30), those of Chinese programs with them. */
const builtIn = new Map<number, NumberFormat>()
for (const id of [14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58]) {
  builtIn.set(id, { kind: 'day', hasTime: false, isCompact: false })
}
builtIn.set(22, { kind: 'day', hasTime: true, isCompact: false })
for (const id of [18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56]) {
  builtIn.set(id, { kind: 'time' })
}

/** @param code as the workbook defines it for the number; undefined where it does not */
export function numberFormatOf(id: number, code: string | undefined): NumberFormat {
  if (code === undefined) return builtIn.get(id) ?? plainFormat
  // What is quoted, escaped or in brackets is shown as it is or is no part of the number; `[h]` is.
  const [positive = ''] = code
    .replace(/"[^"]*"|\\.|_.|\*./g, '')
    .replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '')
    .split(';')
  if (/^0{2,}$/.test(positive)) return { kind: 'digits', count: positive.length }
  const letters = positive.replace(/AM\/PM|A\/P|上午\/下午/gi, 'h').replace(/general/gi, '')
  const hasDay = /[yd]/i.test(letters) || /^m+$/i.test(letters)
  const hasTime = /[hs]/i.test(letters)
  if (hasDay) return { kind: 'day', hasTime, isCompact: /^yyyymmdd$/i.test(positive) }
  return hasTime ? { kind: 'time' } : plainFormat
}

/** Excel keeps 15 digits of a number; the last ones of a longer one are not in the file. */
const exactMax = 10 ** 15

/**
 * What a number says in its format: text where the format makes a day or digits of it.
 * @param is1904 whether days count from 1904, as some old workbooks' do
 * @returns undefined for a number whose digits are lost
 */
export function formatNumber(
  value: number,
  format: NumberFormat,
  is1904: boolean,
): string | number | undefined {
  switch (format.kind) {
    case 'day':
      return dayText(value, format, is1904) ?? plainNumber(value)
    case 'time':
      return value >= 0 && value < 1 ? clock(secondsOf(value)) : plainNumber(value)
    case 'digits': {
      const number = plainNumber(value)
      if (number === undefined || !Number.isInteger(number) || number < 0) return number
      return String(number).padStart(format.count, '0')
    }
    case 'plain':
      return plainNumber(value)
  }
}

/** Without the digits that binary fractions add: the file says 0.30000000000000004 where people see 0.3. */
function plainNumber(value: number): number | undefined {
  if (Math.abs(value) >= exactMax) return undefined
  return Number.isInteger(value) ? value : Number(value.toPrecision(15))
}

const secondsPerDay = 86_400
/** 1970-01-01, counted from 1899-12-30: that makes up for the day that 1900 did not have, from March 1900 on. */
const epochDay = 25_569
const days1904 = 1_462
/** 9999-12-31. */
const dayMax = 2_958_465

function dayText(
  value: number,
  { hasTime, isCompact }: { hasTime: boolean; isCompact: boolean },
  is1904: boolean,
): string | undefined {
  const days = value + (is1904 ? days1904 : 0)
  // Excel's January and February of 1900 are a day off.
  if (days < 61 || days >= dayMax + 1) return undefined
  const seconds = Math.round((days - epochDay) * secondsPerDay)
  const [day = '', time = ''] = new Date(seconds * 1000).toISOString().split('T')
  if (isCompact) return day.replaceAll('-', '')
  return hasTime ? `${day}T${time.slice(0, 8)}` : day
}

function secondsOf(partOfDay: number): number {
  return Math.round(partOfDay * secondsPerDay) % secondsPerDay
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19)
}
