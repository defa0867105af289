import { type FieldError, invalid } from './failures.ts'
import { compact, toHalfWidth } from './full-width.ts'
import { say } from './text.ts'

/** Generous separators allowed. */
const spellingLengthMax = 40

/**
 * The identity of a mobile device (3GPP TS 23.003 §6.2): IMEI, 15 digits with a Luhn check digit,
 * or IMEISV, 16 digits without one.
 * @returns the digits
 * @throws Failure `INPUT_INVALID`
 */
export function parseImei(text: string, pointer = '/imei'): string {
  const digits = text.length > spellingLengthMax ? '' : compact(text)
  if (/^\d{16}$/.test(digits)) return digits
  if (!/^\d{15}$/.test(digits)) {
    throw invalid(
      pointer,
      'imei.form',
      say('IMEI 为 15 位数字，IMEISV 为 16 位数字', 'an IMEI has 15 digits, an IMEISV 16'),
    )
  }
  if (!hasLuhnCheck(digits)) {
    throw invalid(
      pointer,
      'imei.checkDigit',
      say('IMEI 校验位错误，请核对', 'the check digit of the IMEI is wrong; compare the number'),
    )
  }
  return digits
}

/** Type allocation code and last four digits: enough to recognise a device one knows. */
export function maskImei(imei: string): string {
  return `${imei.slice(0, 8)}${'*'.repeat(imei.length - 12)}${imei.slice(-4)}`
}

export interface ParsedMac {
  /** `AA:BB:CC:DD:EE:FF`. */
  readonly mac: string
  readonly warnings: readonly FieldError[]
}

/**
 * A hardware address of six octets (IEEE 802) in its usual spellings: colons, hyphens, dotted
 * quads, or bare.
 * @returns the normal form, with a warning when the address was not given by a maker
 * @throws Failure `INPUT_INVALID`
 */
export function parseMac(text: string, pointer = '/mac'): ParsedMac {
  const spelt = text.length > spellingLengthMax ? '' : toHalfWidth(text).trim().toUpperCase()
  if (!macSpellings.some(spelling => spelling.test(spelt))) {
    throw invalid(
      pointer,
      'mac.form',
      say(
        'MAC 地址为 6 个十六进制字节，如 AA:BB:CC:DD:EE:FF',
        'a MAC address is six hexadecimal octets, such as AA:BB:CC:DD:EE:FF',
      ),
    )
  }
  const octets = spelt.replace(/[^0-9A-F]/g, '').match(/../g)!
  const first = Number.parseInt(octets[0]!, 16)
  if ((first & 0b01) !== 0) {
    throw invalid(
      pointer,
      'mac.multicast',
      say('组播地址不标识任何设备', 'a multicast address identifies no device'),
    )
  }
  const detail = say('本地管理的地址，可能重复', 'locally administered: others may use it too')
  const warnings = (first & 0b10) === 0 ? [] : [{ pointer, rule: 'mac.local', detail }]
  return { mac: octets.join(':'), warnings }
}

/** The maker's half and the last octet. */
export function maskMac(mac: string): string {
  return `${mac.slice(0, 8)}:**:**:${mac.slice(-2)}`
}

const macSpellings = [
  /^(?:[0-9A-F]{2}:){5}[0-9A-F]{2}$/,
  /^(?:[0-9A-F]{2}-){5}[0-9A-F]{2}$/,
  /^(?:[0-9A-F]{4}\.){2}[0-9A-F]{4}$/,
  /^[0-9A-F]{12}$/,
]

function hasLuhnCheck(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
