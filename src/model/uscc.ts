import { type FieldError, invalid } from './failures.ts'
import { compact } from './full-width.ts'
import { looksLikeResidentId } from './resident-id.ts'
import { say, type Text } from './text.ts'

/** What kind of body a credit code was given to, as far as its second symbol says. */
export type Nature =
  | 'company'
  | 'individualBusiness'
  | 'cooperative'
  | 'organ'
  | 'institution'
  | 'organisation'
  | 'other'

/** A unified social credit code (统一社会信用代码, GB 32100-2015 with amendment 1). */
export interface Uscc {
  /** 18 symbols, upper case. */
  readonly text: string
  /** The registering authority's symbol and the category it gave, such as `91`. */
  readonly category: string
  readonly nature: Nature
  /** GB/T 2260, six digits; may have been abolished since, `100000` is national. */
  readonly region: string
  /** The organisation code of GB 11714, eight symbols and a check. */
  readonly organisationCode: string
}

/**
 * Reads a credit code in any spelling; both check symbols must be right.
 * @throws Failure `INPUT_INVALID`, with a hint for the numbers that are often given instead
 */
export function parseUscc(text: string, pointer = '/uscc'): Uscc {
  const uscc = read(text, pointer)
  const wrong = checkErrors(uscc, pointer)[0]
  if (wrong !== undefined) throw invalid(pointer, wrong.rule, wrong.detail)
  return uscc
}

/**
 * Reads a credit code as registers really hold them: some early codes carry wrong check symbols,
 * and categories and regions outlive the tables. These become warnings; a wrong form still fails.
 * @throws Failure `INPUT_INVALID`
 */
export function parseUsccLeniently(
  text: string,
  pointer = '/uscc',
): { readonly uscc: Uscc; readonly warnings: readonly FieldError[] } {
  const uscc = read(text, pointer)
  return { uscc, warnings: [...checkErrors(uscc, pointer), ...tableWarnings(uscc, pointer)] }
}

/** The alphabet of GB 32100: no I O S V Z. A symbol's value is its place. */
const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
/** Of GB 11714, whose letters count from A = 10 without gaps. */
const organisationAlphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Generous separators allowed. */
const spellingLengthMax = 60

function read(text: string, pointer: string): Uscc {
  const fail = (rule: string, detail: Text) => invalid(pointer, `uscc.${rule}`, detail)
  if (text.length > spellingLengthMax) throw fail('length', length)
  const code = compact(text).replace(/[a-z]/g, letter => letter.toUpperCase())
  if (/^\d{15}$/.test(code)) throw fail('oldLicence', oldLicence)
  if (/^[0-9A-Z]{8}[0-9X]$/.test(code)) throw fail('organisationCode', organisationCodeOnly)
  if (code.length !== 18) throw fail('length', length)
  const uscc = split(code)
  const isRight = isWellFormed(code) && checkErrors(uscc, pointer).length === 0
  // Lenient reading would otherwise store somebody's personal number with a warning.
  if (!isRight && looksLikeResidentId(code)) throw fail('residentId', residentId)
  if (/[IOSVZ]/.test(code)) throw fail('alphabet', alphabetRule)
  if (!isWellFormed(code)) throw fail('form', form)
  return uscc
}

function isWellFormed(code: string): boolean {
  return /^[1-9ANY][1-9]\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/.test(code)
}

function split(code: string): Uscc {
  const category = code.slice(0, 2)
  const nature = natures[category] ?? 'other'
  return {
    text: code,
    category,
    nature,
    region: code.slice(2, 8),
    organisationCode: code.slice(8, 17),
  }
}

function checkErrors({ text, organisationCode }: Uscc, pointer: string): FieldError[] {
  const errors: FieldError[] = []
  const expected = checkSymbolOf(text)
  if (text[17] !== expected) {
    errors.push({ pointer, rule: 'uscc.checkSymbol', detail: wrongCheckSymbol })
  }
  if (organisationCode[8] !== organisationCheckOf(organisationCode)) {
    errors.push({ pointer, rule: 'uscc.organisationCheckSymbol', detail: wrongOrganisationCheck })
  }
  return errors
}

function checkSymbolOf(code: string): string {
  let [sum, weight] = [0, 1]
  for (const symbol of code.slice(0, 17)) {
    sum += alphabet.indexOf(symbol) * weight
    weight = (weight * 3) % alphabet.length
  }
  return alphabet[(alphabet.length - (sum % alphabet.length)) % alphabet.length]!
}

function organisationCheckOf(code: string): string {
  const weights = [3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce(
    (total, weight, i) => total + weight * organisationAlphabet.indexOf(code[i]!),
    0,
  )
  return '0X987654321'[sum % 11]!
}

function tableWarnings({ category, region }: Uscc, pointer: string): FieldError[] {
  const warnings: FieldError[] = []
  if (natures[category] === undefined) {
    warnings.push({ pointer, rule: 'uscc.category', detail: unknownCategory })
  }
  if (region !== nationalRegion && !provinces.has(region.slice(0, 2))) {
    warnings.push({ pointer, rule: 'uscc.region', detail: unknownRegion })
  }
  return warnings
}

/** GB 32100-2015 table 1 with amendment 1: registering authority and category. */
const natures: Readonly<Record<string, Nature>> = {
  11: 'organ',
  12: 'institution',
  13: 'organisation',
  19: 'other',
  21: 'organisation',
  29: 'other',
  31: 'organisation',
  32: 'institution',
  33: 'organisation',
  34: 'organisation',
  35: 'organisation',
  39: 'other',
  41: 'organisation',
  49: 'other',
  51: 'organisation',
  52: 'organisation',
  53: 'organisation',
  59: 'other',
  61: 'organisation',
  62: 'organisation',
  69: 'other',
  71: 'organisation',
  72: 'organisation',
  79: 'other',
  81: 'organisation',
  89: 'other',
  91: 'company',
  92: 'individualBusiness',
  93: 'cooperative',
  A1: 'institution',
  A9: 'other',
  N1: 'organisation',
  N2: 'organisation',
  N3: 'organisation',
  N9: 'other',
  Y1: 'other',
}

const nationalRegion = '100000'

/** GB/T 2260, first two digits. */
const provinces = new Set([
  '11',
  '12',
  '13',
  '14',
  '15',
  '21',
  '22',
  '23',
  '31',
  '32',
  '33',
  '34',
  '35',
  '36',
  '37',
  '41',
  '42',
  '43',
  '44',
  '45',
  '46',
  '50',
  '51',
  '52',
  '53',
  '54',
  '61',
  '62',
  '63',
  '64',
  '65',
  '71',
  '81',
  '82',
])

const length = say('统一社会信用代码为 18 位', 'a unified social credit code has 18 symbols')
const oldLicence = say(
  '这是旧的 15 位营业执照注册号，请填写 18 位统一社会信用代码',
  'this is an old 15-digit business licence number; give the 18-symbol credit code',
)
const organisationCodeOnly = say(
  '这是 9 位组织机构代码，请填写 18 位统一社会信用代码（其第 9 至 17 位）',
  'this is a 9-symbol organisation code; give the credit code, whose 9th to 17th symbols it is',
)
const residentId = say(
  '这看起来是居民身份证号，请填写单位的统一社会信用代码',
  "this looks like a person's resident identity number; give the body's credit code",
)
const alphabetRule = say(
  '统一社会信用代码不使用字母 I、O、S、V、Z；请核对是否应为数字 1、0、5、2',
  'a credit code never uses the letters I, O, S, V, Z; was it a digit 1, 0, 5 or 2?',
)
const form = say(
  '统一社会信用代码的格式为：登记部门、类别、6 位行政区划、9 位主体代码、校验码',
  'a credit code is authority, category, six digits of region, nine symbols of body, check symbol',
)
const wrongCheckSymbol = say('校验码错误，请核对', 'the check symbol is wrong; compare the code')
const wrongOrganisationCheck = say(
  '第 17 位（主体标识码的校验码）错误，请核对',
  'the 17th symbol, the check of the organisation code, is wrong; compare the code',
)
const unknownCategory = say(
  '登记部门与类别的组合未知',
  'the authority and category are an unknown pair',
)
const unknownRegion = say('行政区划代码未知', 'the region is unknown')
