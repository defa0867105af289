import { malformed } from '../../model/failures.ts'
import { compact } from '../../model/full-width.ts'
import { say, type Text } from '../../model/text.ts'

/**
 * The keys that identify something by themselves, with the qualifiers that may follow
 * (GS1 General Specifications §3; GS1 Digital Link URI syntax 1.4 §4).
 */
interface Gs1Key {
  readonly name: string
  /** The word that Digital Link 1.0–1.2 used for the key. */
  readonly word: string
  readonly form: NumericForm | TextForm
  /** Each chain is one legal order; a chain's members may be left out. */
  readonly chains: readonly (readonly string[])[]
}

/** Digits with a check digit last, then perhaps a serial component. */
interface NumericForm {
  readonly kind: 'numeric'
  readonly digits: number
  /** Digits before the company prefix: indicator, extension, filler. */
  readonly lead: number
  readonly tail: RegExp | undefined
}

/** Free text that begins with the company prefix; no check digit, but for the GMN's own pair. */
interface TextForm {
  readonly kind: 'text'
  readonly charset: RegExp
  readonly lengthMax: number
}

const numeric = (digits: number, lead = 0, tail?: RegExp): NumericForm => ({
  kind: 'numeric',
  digits,
  lead,
  tail,
})
const text = (charset: RegExp, lengthMax: number): TextForm => ({
  kind: 'text',
  charset,
  lengthMax,
})

/** AI encodable character set 82 (GS1 General Specifications figure 7.11-1), and set 39. */
const set82 = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*$/
const set39 = /^[#\-/0-9A-Z]*$/
const upTo = (lengthMax: number) =>
  new RegExp(`^[!"%&'()*+,\\-./0-9:;<=>?A-Z_a-z]{0,${lengthMax}}$`)

const itemChains = [['22', '10', '21'], ['235']]

export const gs1Keys: ReadonlyMap<string, Gs1Key> = new Map<string, Gs1Key>([
  ['00', { name: 'SSCC', word: 'sscc', form: numeric(18, 1), chains: [] }],
  ['01', { name: 'GTIN', word: 'gtin', form: numeric(14, 1), chains: itemChains }],
  ['253', { name: 'GDTI', word: 'gdti', form: numeric(13, 0, upTo(17)), chains: [] }],
  ['255', { name: 'GCN', word: 'gcn', form: numeric(13, 0, /^\d{0,12}$/), chains: [] }],
  ['401', { name: 'GINC', word: 'ginc', form: text(set82, 30), chains: [] }],
  ['402', { name: 'GSIN', word: 'gsin', form: numeric(17), chains: [] }],
  ['414', { name: 'GLN', word: 'gln', form: numeric(13), chains: [['254'], ['7040']] }],
  ['415', { name: 'GLN', word: 'payto', form: numeric(13), chains: [['8020']] }],
  ['417', { name: 'PGLN', word: 'party', form: numeric(13), chains: [['7040']] }],
  ['8003', { name: 'GRAI', word: 'grai', form: numeric(14, 1, upTo(16)), chains: [] }],
  ['8004', { name: 'GIAI', word: 'giai', form: text(set82, 30), chains: [['7040']] }],
  [
    '8006',
    { name: 'ITIP', word: 'itip', form: numeric(14, 1, /^\d{4}$/), chains: [itemChains[0]!] },
  ],
  ['8010', { name: 'CPID', word: 'cpid', form: text(set39, 30), chains: [['8011']] }],
  ['8013', { name: 'GMN', word: 'gmn', form: text(set82, 25), chains: [] }],
  ['8017', { name: 'GSRN', word: 'gsrnp', form: numeric(18), chains: [['8019']] }],
  ['8018', { name: 'GSRN', word: 'gsrn', form: numeric(18), chains: [['8019']] }],
])

/** Qualifiers: what narrows a key down. A data attribute is none, and never part of identity. */
const qualifierForms: ReadonlyMap<string, RegExp> = new Map([
  ['10', upTo(20)],
  ['21', upTo(20)],
  ['22', upTo(20)],
  ['235', upTo(28)],
  ['254', upTo(20)],
  ['7040', /^\d[!-~]{3}$/],
  ['8011', /^(?:0|[1-9]\d{0,11})$/],
  ['8019', /^\d{1,10}$/],
  ['8020', upTo(25)],
])

/** GS1 company prefixes have 4 to 12 digits; three digits belong to a national organisation. */
export const companyPrefixDigits = { min: 4, max: 12 } as const

/** GTINs shorter than 14 digits that exist, all written with leading zeros inside a key. */
const shortGtins = [8, 12, 13]

/** Whether a path that begins with this segment is ours: a primary key, or a word of older versions. */
export function claimsPathPrefix(segment: string): boolean {
  return gs1Keys.has(segment) || keyOfWord(segment) !== undefined
}

/** The key a word of Digital Link 1.0–1.2 stood for. */
export function keyOfWord(segment: string): string | undefined {
  const word = segment.toLowerCase()
  for (const [ai, key] of gs1Keys) if (key.word === word) return ai
  return undefined
}

/** Whether a value could be meant for the key: an ordinary web page's path must not look broken. */
export function isPlausibleValue(ai: string, value: string): boolean {
  const form = gs1Keys.get(ai)!.form
  return form.kind === 'numeric' ? /^\d{8}/.test(value) : /^\d{4}/.test(value)
}

export interface KeyValue {
  readonly value: string
  /** Its digits from the company prefix on, without a check digit. */
  readonly authority: string
}

/**
 * @returns the value as it is compared: check digit right, a GTIN in 14 digits
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function normaliseKey(ai: string, spelt: string): KeyValue {
  const { form, name } = gs1Keys.get(ai)!
  return form.kind === 'numeric' ? numericKey(ai, name, form, spelt) : textKey(name, form, spelt)
}

function numericKey(ai: string, name: string, form: NumericForm, spelt: string): KeyValue {
  const { digits, lead, tail } = form
  const value = tail === undefined ? padGtin(ai, compact(spelt)) : spelt
  const base = value.slice(0, digits)
  const rest = value.slice(digits)
  if (base.length < digits || !/^\d+$/.test(base) || !(tail?.test(rest) ?? rest === '')) {
    throw fail('form', numericRule(ai, name, form))
  }
  if (ai === '8003' && !base.startsWith('0')) {
    throw fail('form', say('GRAI 以 0 开头', 'a GRAI begins with 0'))
  }
  requireCheckDigit(base)
  return { value, authority: base.slice(lead, -1) }
}

function numericRule(ai: string, name: string, { digits, tail }: NumericForm): Text {
  if (ai === '01') return say('GTIN 为 8、12、13 或 14 位数字', 'a GTIN has 8, 12, 13 or 14 digits')
  return tail === undefined
    ? say(`${name} 为 ${digits} 位数字`, `a ${name} has ${digits} digits`)
    : say(
        `${name} 为 ${digits} 位数字，其后可有序列号`,
        `a ${name} has ${digits} digits, then a serial`,
      )
}

function padGtin(ai: string, value: string): string {
  return ai === '01' && shortGtins.includes(value.length) ? value.padStart(14, '0') : value
}

function textKey(name: string, { charset, lengthMax }: TextForm, value: string): KeyValue {
  const authority = /^\d*/.exec(value)![0]
  if (
    value.length > lengthMax ||
    !charset.test(value) ||
    authority.length < companyPrefixDigits.min
  ) {
    throw fail(
      'form',
      say(
        `${name} 以厂商识别代码开头，至多 ${lengthMax} 个字符`,
        `a ${name} begins with a company prefix and has at most ${lengthMax} characters`,
      ),
    )
  }
  if (name !== 'GMN') return { value, authority }
  requireGmnPair(value)
  return { value, authority: authority.slice(0, value.length - 2) }
}

/** @throws Failure `IDENTIFIER_MALFORMED` with the digit that would be right */
export function requireCheckDigit(digits: string): void {
  const expected = checkDigitOf(digits.slice(0, -1))
  if (digits.at(-1) === expected) return
  throw fail(
    'checkDigit',
    say(`GS1 校验位错误：应为 ${expected}`, `the GS1 check digit is wrong: ${expected} would fit`),
  )
}

/** Modulo 10, weights 3 and 1 from the right (GS1 General Specifications §7.9.1). */
export function checkDigitOf(data: string): string {
  let sum = 0
  for (let i = 0; i < data.length; i++) {
    sum += Number(data[data.length - 1 - i]) * (i % 2 === 0 ? 3 : 1)
  }
  return String((10 - (sum % 10)) % 10)
}

const gmnValues =
  '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const gmnPrimes = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83,
]
const gmnSymbols = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

/** Two check characters: prime weights from the right, modulo 1021 (GS1 General Specifications §7.9.5). */
function requireGmnPair(value: string): void {
  const data = value.slice(0, -2)
  let sum = 0
  for (let i = 0; i < data.length; i++) {
    sum += gmnValues.indexOf(data[data.length - 1 - i]!) * gmnPrimes[i]!
  }
  const rest = sum % 1021
  const expected = gmnSymbols[rest >> 5]! + gmnSymbols[rest & 31]!
  if (!value.endsWith(expected)) {
    throw fail(
      'checkDigit',
      say(
        `GMN 校验字符错误：应为 ${expected}`,
        `the GMN check characters are wrong: ${expected} would fit`,
      ),
    )
  }
}

export type Pair = readonly [ai: string, value: string]

/**
 * A key's qualifiers in their canonical order (Digital Link 1.4 §4.9): the pairs given, sorted.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function orderQualifiers(ai: string, pairs: readonly Pair[]): readonly Pair[] {
  if (pairs.length === 0) return pairs
  const { chains, name } = gs1Keys.get(ai)!
  const given = pairs.map(([qualifier]) => qualifier)
  const chain = chains.find(members => given.every(qualifier => members.includes(qualifier)))
  if (chain === undefined || new Set(given).size !== given.length) {
    const allowed = chains.map(members => members.join(', ')).join(' | ') || '–'
    throw fail(
      'qualifier',
      say(
        `${name}（${ai}）之后只能各出现一次：${allowed}`,
        `after ${name} (${ai}) only these may follow, each once: ${allowed}`,
      ),
    )
  }
  for (const [qualifier, value] of pairs) requireQualifier(qualifier, value)
  const right = chain.filter(qualifier => given.includes(qualifier))
  return right.map(qualifier => pairs[given.indexOf(qualifier)]!)
}

export function isQualifier(ai: string): boolean {
  return qualifierForms.has(ai)
}

function requireQualifier(ai: string, value: string): void {
  if (value === '' || !qualifierForms.get(ai)!.test(value)) {
    throw fail(
      'value',
      say(
        `应用标识符 ${ai} 的值过长，或含有 GS1 字符集以外的字符`,
        `the value of application identifier ${ai} is empty, too long, or outside the GS1 character set`,
      ),
    )
  }
}

export function fail(rule: string, detail: Text, facts: Record<string, unknown> = {}) {
  return malformed(`gs1.${rule}`, detail, facts)
}
