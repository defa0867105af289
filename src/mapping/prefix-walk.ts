import { Failure, invalid } from '../model/failures.ts'
import { compact } from '../model/full-width.ts'
import { foldAscii, type System } from '../model/identifier.ts'
import { say, type Text } from '../model/text.ts'
import { companyPrefixDigits } from './schemes/gs1-keys.ts'
import { foldPrefix } from './schemes/handle-spelling.ts'
import { requireOid } from './schemes/oid.ts'

/**
 * The prefixes that could be responsible for an identifier, from the longest to the shortest. Each
 * is cut from the one before, so a walk allocates one short string a step.
 * @param authority as `Identifier.authority` has it
 */
export function* walk(system: System, authority: string): Generator<string, void, undefined> {
  for (let at = firstEnd(system, authority); at > 0; at = nextEnd(system, authority, at)) {
    yield authority.slice(0, at)
  }
}

/** Whether a prefix is responsible for an authority: `88.118.8` for `88.118.8`, never for `88.118.80`. */
export function isUnder(system: System, authority: string, prefix: string): boolean {
  if (!authority.startsWith(prefix)) return false
  for (
    let at = firstEnd(system, authority);
    at >= prefix.length;
    at = nextEnd(system, authority, at)
  ) {
    if (at === prefix.length) return at > 0
  }
  return false
}

/** An Ecode's data may be of any length (V4); nobody holds more of it than a whole V3 code has. */
const ecodePrefixLengthMax = 45

/** Where the longest prefix ends that an authority can lie under. A GS1 company prefix has at most 12 digits. */
export function firstEnd(system: System, authority: string): number {
  switch (system) {
    case 'gs1':
      return Math.min(authority.length, companyPrefixDigits.max)
    case 'ecode':
      return Math.min(authority.length, ecodePrefixLengthMax)
    case 'url':
      return authority.endsWith('/') ? authority.length - 1 : authority.length
    case 'code':
    case 'handle':
    case 'oid':
    case 'vaa':
    case 'did':
      return authority.length
  }
}

/** Where shorter prefixes may end. */
export interface Steps {
  /** The UTF-16 units before which one ends; `anyUnit`: before every one. */
  readonly first: number
  readonly second: number
  /** What a match goes by, for people and traces. */
  readonly by: 'label' | 'digit' | 'arc' | 'symbol' | 'part' | 'segment'
}

const anyUnit = -1
const unitOf = (separator: string) => separator.charCodeAt(0)
const stepsBy = (by: Steps['by'], first: string, second = first): Steps => ({
  first: unitOf(first),
  second: unitOf(second),
  by,
})
const eachUnit = (by: Steps['by']): Steps => ({ first: anyUnit, second: anyUnit, by })

const steps: Readonly<Record<System, Steps>> = {
  code: stepsBy('label', '.'),
  handle: stepsBy('label', '.'),
  vaa: stepsBy('label', '.'),
  oid: stepsBy('arc', '.'),
  gs1: eachUnit('digit'),
  ecode: eachUnit('symbol'),
  did: stepsBy('part', ':', '/'),
  url: stepsBy('segment', '/'),
}

export function stepsOf(system: System): Steps {
  return steps[system]
}

/** Whether a prefix may end before this unit. */
export function isStep(first: number, second: number, unit: number): boolean {
  return first === anyUnit || unit === first || unit === second
}

/** How short a prefix can be, where it is not the authority itself. */
export function shortestEnd(system: System, authority: string): number {
  switch (system) {
    case 'gs1':
      return companyPrefixDigits.min
    case 'ecode':
      return ecodeHeadLength(authority)
    case 'did':
      // `did:<method>`: a method belongs to its registry, but may be referred elsewhere.
      return 'did:'.length
    case 'code':
    case 'handle':
    case 'oid':
    case 'vaa':
    case 'url':
      return 1
  }
}

/** Version and numbering system: 1 + 4 digits in V1 and V2, 1 + 5 symbols in V3 and V4. */
function ecodeHeadLength(ecode: string): number {
  return ecode < '3' ? 5 : 6
}

/** @returns where the next shorter prefix ends; 0 after the last */
function nextEnd(system: System, authority: string, from: number): number {
  const { first, second } = steps[system]
  const shortest = shortestEnd(system, authority)
  for (let at = from - 1; at >= shortest; at--) {
    if (isStep(first, second, authority.charCodeAt(at))) return at
  }
  return 0
}

/**
 * A prefix as an operator writes it, in the form in which prefixes are stored and compared.
 * @throws Failure `INPUT_INVALID` at `/prefix`
 */
export function parsePrefix(system: System, text: string): string {
  if (text.length > prefixLengthMax) throw fail('length', tooLong)
  switch (system) {
    case 'code':
    case 'handle':
      return handlePrefix(foldAscii(foldPrefix(text)))
    case 'gs1':
      return matched(compact(text), /^\d{4,12}$/, 'gs1', gs1Rule)
    case 'oid':
      return oidPrefix(text.trim().replace(/^urn:oid:/i, ''))
    case 'ecode':
      return matched(text.trim(), ecodePrefix, 'ecode', ecodeRule)
    case 'vaa':
      return matched(text.trim(), /^VAA[0-9A-Z]+(?:\.[0-9A-Z]+)*$/, 'vaa', vaaRule)
    case 'did':
      return matched(text.trim(), /^did:[a-z0-9]+(?::[A-Za-z0-9._%-]+)*$/, 'did', didRule)
    case 'url':
      return urlPrefix(text.trim())
  }
}

/** As long as an identifier may be. */
export const prefixLengthMax = 255

/**
 * The national grammar: country, secondary node, enterprise. Longer prefixes are legal handles and
 * resolve where they are served, but are not allotted.
 */
function handlePrefix(prefix: string): string {
  if (prefix.split('.').length > 3) throw fail('depth', depthRule)
  return matched(prefix, /^(?:86|88)\.[0-9]{1,5}(?:\.[0-9a-z_-]{1,54})?$/, 'handle', handleRule)
}

function oidPrefix(prefix: string): string {
  try {
    requireOid(prefix)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw fail(error.errors[0]!.rule, error.detail)
  }
  return prefix
}

const ecodePrefix = /^(?:[12]\d{4}\d{0,28}|[34][0-9A-Za-z]{5}[0-9A-Za-z]{0,39})$/

/** Host and path, without scheme, query and trailing slash. */
function urlPrefix(text: string): string {
  let url: URL
  try {
    url = new URL(/^https?:\/\//i.test(text) ? text : `https://${text}`)
  } catch {
    throw fail('url', urlRule)
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw fail('url', urlRule)
  }
  return `${url.host}${url.pathname}`.replace(/\/$/, '')
}

function matched(text: string, form: RegExp, rule: string, detail: Text): string {
  if (!form.test(text)) throw fail(rule, detail)
  return text
}

function fail(rule: string, detail: Text) {
  return invalid('/prefix', `prefix.${rule}`, detail)
}

const tooLong = say(
  `前缀不能超过 ${prefixLengthMax} 个字符`,
  `a prefix has at most ${prefixLengthMax} characters`,
)
const depthRule = say(
  '国家体系的前缀至多三级：国家、二级节点、企业',
  'a prefix of the national system has three labels at most: country, secondary node, enterprise',
)
const handleRule = say(
  '前缀为 86 或 88、1 至 5 位数字的二级节点、可选的企业标签（至多 54 位字母、数字、_、-）',
  'a prefix is 86 or 88, a secondary node of 1 to 5 digits, and optionally an enterprise label of at most 54 letters, digits, _ or -',
)
const gs1Rule = say('GS1 厂商识别代码为 4 至 12 位数字', 'a GS1 company prefix has 4 to 12 digits')
const ecodeRule = say(
  'Ecode 前缀为版本和编码体系标识，其后可有主码的开头',
  'an Ecode prefix is version and numbering system, then optionally the beginning of the data',
)
const vaaRule = say('VAA 前缀为 VAA 加企业编号', 'a VAA prefix is VAA and the company id')
const didRule = say(
  'DID 前缀为 did:方法，其后可有以冒号分隔的部分',
  'a DID prefix is did:method, then optionally parts with colons between',
)
const urlRule = say('网址前缀为主机名和可选的路径', 'a URL prefix is a host and optionally a path')
