import { say } from '../../model/text.ts'
import { fail, type Pair } from './gs1-keys.ts'

/** Ends a value of variable length where a bar code has FNC1 (GS1 General Specifications §7.8). */
export const groupSeparator = '\x1d'

/** What scanners put in front of GS1 data: GS1-128, DataMatrix, QR, Composite, DotCode. */
const symbology = /^\](?:C1|d2|Q3|e0|J1)/

/** How raw data with a separator but without a symbology's mark begins: FNC1, or a key at once. */
const scannedStart = /^(?:\x1d|0[01]\d|25[35]\d|4\d{3}|80\d\d)/

/** A bar code's raw data says so by its first characters and its separators. */
export function isScannedElementString(text: string): boolean {
  return symbology.test(text) || (text.includes(groupSeparator) && scannedStart.test(text))
}

/**
 * Reads `(01)06901234567892(10)LOT1`.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function readBracketed(text: string): readonly Pair[] {
  const parts = text.split(/\((\d{2,4})\)/)
  if (parts[0] !== '') throw broken()
  const pairs: Pair[] = []
  for (let i = 1; i < parts.length; i += 2) pairs.push([parts[i]!, parts[i + 1]!])
  return pairs
}

/**
 * Reads a bar code's raw data.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function readScanned(text: string): readonly Pair[] {
  const pairs: Pair[] = []
  for (const group of text.replace(symbology, '').split(groupSeparator)) {
    let rest = group
    while (rest !== '') {
      const ai = rest.slice(0, aiLengths.get(rest.slice(0, 2)) ?? 0)
      if (!/^\d{2,4}$/.test(ai)) throw broken()
      const end = ai.length + (fixedLengths.get(rest.slice(0, 2)) ?? rest.length)
      pairs.push([ai, rest.slice(ai.length, end)])
      rest = rest.slice(end)
    }
  }
  return pairs
}

/** How long an application identifier is, by its first two digits (GS1 General Specifications §3.2). */
const aiLengths = new Map<string, number>([
  ...[
    '00',
    '01',
    '02',
    '03',
    '04',
    '10',
    '11',
    '12',
    '13',
    '15',
    '16',
    '17',
    '20',
    '21',
    '22',
    '30',
    '37',
  ].map(start => [start, 2] as const),
  ...['90', '91', '92', '93', '94', '95', '96', '97', '98', '99'].map(start => [start, 2] as const),
  ...['23', '24', '25', '40', '41', '42', '71'].map(start => [start, 3] as const),
  ...['31', '32', '33', '34', '35', '36', '39', '43', '70', '72', '80', '81', '82'].map(
    start => [start, 4] as const,
  ),
])

/** Values of predefined length, which need no separator (GS1 General Specifications figure 7.8.5-2). */
const fixedLengths = new Map<string, number>([
  ['00', 18],
  ['01', 14],
  ['02', 14],
  ['03', 14],
  ['04', 16],
  ['11', 6],
  ['12', 6],
  ['13', 6],
  ['15', 6],
  ['16', 6],
  ['17', 6],
  ['20', 2],
  ['31', 6],
  ['32', 6],
  ['33', 6],
  ['34', 6],
  ['35', 6],
  ['36', 6],
  ['41', 13],
])

function broken() {
  return fail(
    'elementString',
    say(
      'GS1 单元数据串不完整：每个值之前须有应用标识符',
      'the GS1 element string is broken: each value stands behind its application identifier',
    ),
  )
}
