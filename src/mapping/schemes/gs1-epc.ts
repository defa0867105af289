import { say } from '../../model/text.ts'
import { checkDigitOf, fail, type Pair } from './gs1-keys.ts'
import { decodeOnce } from './scheme.ts'

/**
 * Reads an EPC pure identity or class URI (GS1 EPC Tag Data Standard §6): the company prefix comes
 * first there, and check digits are left out.
 * @returns key and qualifiers; undefined when it is none
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function readEpc(text: string): readonly Pair[] | undefined {
  const urn = /^urn:epc:(id|class|idpat|tag|raw|pat):(.*)$/is.exec(text)
  if (urn === null) return undefined
  const type = urn[1]!.toLowerCase()
  const rest = urn[2]!
  const colon = rest.indexOf(':')
  const scheme = rest.slice(0, colon).toLowerCase()
  const schemes =
    type === 'idpat' ? patterns : type === 'id' || type === 'class' ? identities : undefined
  const read = schemes?.get(scheme)
  if (read === undefined) {
    throw fail(
      'epc',
      say(
        '不支持此种 EPC URI；请使用 urn:epc:id: 形式',
        'this kind of EPC URI is not read here; use the urn:epc:id: form',
      ),
    )
  }
  const [company = '', reference = '', ...others] = rest.slice(colon + 1).split('.')
  if (!/^\d{6,12}$/.test(company)) {
    throw fail(
      'epc',
      say('EPC 的厂商识别代码为 6 至 12 位数字', 'the company prefix of an EPC has 6 to 12 digits'),
    )
  }
  // Dots are ordinary characters of a serial.
  return read(company, reference, others.join('.'))
}

type ReadEpc = (company: string, reference: string, serial: string) => readonly Pair[]

/** The reference's first digit is the indicator or extension, which the key puts first. */
function turned(company: string, reference: string, digits: number): string {
  return checked(reference.slice(0, 1) + company + reference.slice(1), digits)
}

function checked(data: string, digits: number): string {
  if (!/^\d+$/.test(data) || data.length !== digits - 1) {
    throw fail(
      'epc',
      say(
        `厂商识别代码与其后的数字应共 ${digits - 1} 位`,
        `company prefix and reference have ${digits - 1} digits together`,
      ),
    )
  }
  return data + checkDigitOf(data)
}

function withSerial(key: Pair, ai: string, serial: string): readonly Pair[] {
  return [key, [ai, decodeOnce(serial)]]
}

/** Keys without a further part: a third field would be ignored, so it must not be there. */
function alone(key: Pair, serial: string): readonly Pair[] {
  if (serial !== '') throw fail('epc', say('EPC 的字段过多', 'the EPC has a field too many'))
  return [key]
}

const identities: ReadonlyMap<string, ReadEpc> = new Map<string, ReadEpc>([
  [
    'sgtin',
    (company, reference, serial) =>
      withSerial(['01', turned(company, reference, 14)], '21', serial),
  ],
  [
    'lgtin',
    (company, reference, lot) => withSerial(['01', turned(company, reference, 14)], '10', lot),
  ],
  ['sscc', (company, reference, rest) => alone(['00', turned(company, reference, 18)], rest)],
  [
    'sgln',
    (company, reference, extension) => {
      const key: Pair = ['414', checked(company + reference, 13)]
      // An extension of 0 stands for the place as a whole.
      return extension === '0' || extension === '' ? [key] : withSerial(key, '254', extension)
    },
  ],
  ['pgln', (company, reference, rest) => alone(['417', checked(company + reference, 13)], rest)],
  [
    'grai',
    (company, reference, serial) => [
      ['8003', `0${checked(company + reference, 13)}${decodeOnce(serial)}`],
    ],
  ],
  [
    'gdti',
    (company, reference, serial) => [
      ['253', checked(company + reference, 13) + decodeOnce(serial)],
    ],
  ],
  ['sgcn', (company, reference, serial) => [['255', checked(company + reference, 13) + serial]]],
  ['gsin', (company, reference, rest) => alone(['402', checked(company + reference, 17)], rest)],
  ['gsrn', (company, reference, rest) => alone(['8018', checked(company + reference, 18)], rest)],
  ['gsrnp', (company, reference, rest) => alone(['8017', checked(company + reference, 18)], rest)],
  [
    'giai',
    (company, reference, rest) => [
      ['8004', company + decodeOnce(rest === '' ? reference : `${reference}.${rest}`)],
    ],
  ],
  [
    'ginc',
    (company, reference, rest) => [
      ['401', company + decodeOnce(rest === '' ? reference : `${reference}.${rest}`)],
    ],
  ],
  [
    'cpi',
    (company, reference, serial) =>
      withSerial(['8010', company + decodeOnce(reference)], '8011', serial),
  ],
])

/** A class of items: the serial is a star. */
const patterns: ReadonlyMap<string, ReadEpc> = new Map<string, ReadEpc>([
  [
    'sgtin',
    (company, reference, serial) =>
      alone(['01', turned(company, reference, 14)], serial === '*' ? '' : serial),
  ],
])
