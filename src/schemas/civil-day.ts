/** The last day there is: how a term without an end is written. */
export const endlessDay = 99_991_231

/** Whether a number `YYYYMMDD` is a day of the calendar (Gregorian, also before its time), years 1000 to 9999. */
export function isCivilDay(number: number): boolean {
  if (!Number.isInteger(number) || number < 10_000_101 || number > endlessDay) return false
  const [year, month, day] = [
    Math.floor(number / 10_000),
    Math.floor(number / 100) % 100,
    number % 100,
  ]
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** `2020-02-29` as 20200229, whether the day exists or not; undefined for texts of another form. */
export function numberOfIsoDay(text: string): number | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? Number(text.replaceAll('-', '')) : undefined
}
