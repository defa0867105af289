import t from 'tap'
import {
  formatNumber,
  type NumberFormat,
  numberFormatOf,
} from '../../../../src/protocols/sheets/xlsx/number-format.ts'

const day = (hasTime = false, isCompact = false): NumberFormat => ({
  kind: 'day',
  hasTime,
  isCompact,
})

t.test('a format says whether its number is a day, a time or digits', async t => {
  const formats: Readonly<Record<string, NumberFormat>> = {
    'yyyy-mm-dd': day(),
    yyyymmdd: day(false, true),
    'yyyy/m/d h:mm': day(true),
    '[$-804]yyyy"年"m"月"d"日";@': day(),
    'm"月"d"日"': day(),
    'mmm-yy': day(),
    mmmm: day(),
    'h:mm AM/PM': { kind: 'time' },
    '[h]:mm:ss': { kind: 'time' },
    '000000': { kind: 'digits', count: 6 },
    '0': { kind: 'plain' },
    '#,##0.00': { kind: 'plain' },
    '[Red]0.00_);\\(0.00\\)': { kind: 'plain' },
    '0.00E+00': { kind: 'plain' },
    '"day "0': { kind: 'plain' },
    '[$USD] 0.00': { kind: 'plain' },
    General: { kind: 'plain' },
    '@': { kind: 'plain' },
  }
  for (const [code, format] of Object.entries(formats))
    t.same(numberFormatOf(170, code), format, code)
  t.same(numberFormatOf(14, undefined), day())
  t.same(numberFormatOf(22, undefined), day(true))
  t.same(numberFormatOf(58, undefined), day(), 'of Chinese programs')
  t.same(numberFormatOf(1, undefined), { kind: 'plain' })
})

t.test('days are what people see, whichever year they count from', async t => {
  t.equal(formatNumber(46349, day(), false), '2026-11-23')
  t.equal(formatNumber(46349, day(false, true), false), '20261123')
  t.equal(formatNumber(46349.270833333336, day(true), false), '2026-11-23T06:30:00')
  t.equal(formatNumber(44887, day(), true), '2026-11-23')
  t.equal(formatNumber(61, day(), false), '1900-03-01')
  t.equal(formatNumber(2_958_465, day(), false), '9999-12-31')
  t.equal(formatNumber(60, day(), false), 60, '1900-02-29 was no day')
  t.equal(formatNumber(-1, day(), false), -1)
  t.equal(formatNumber(0.25, { kind: 'time' }, false), '06:00:00')
})

t.test('digits keep their zeros; what is longer, or no count, stays a number', async t => {
  const digits: NumberFormat = { kind: 'digits', count: 6 }

  t.equal(formatNumber(123, digits, false), '000123')
  t.equal(formatNumber(1_234_567, digits, false), '1234567')
  t.equal(formatNumber(-5, digits, false), -5)
  t.equal(formatNumber(1.5, digits, false), 1.5)
})

t.test('a number whose digits were cut off is no number any more', async t => {
  t.equal(formatNumber(999_999_999_999_999, { kind: 'plain' }, false), 999_999_999_999_999)
  t.equal(formatNumber(6.9e17, { kind: 'plain' }, false), undefined)
  t.equal(formatNumber(6.9e17, { kind: 'digits', count: 20 }, false), undefined)
  t.equal(formatNumber(0.1 + 0.2, { kind: 'plain' }, false), 0.3)
})
