import { compact, toHalfWidth } from '../../model/full-width.ts'
import type { Identifier } from '../../model/identifier.ts'
import { say } from '../../model/text.ts'
import { isScannedElementString, readBracketed, readScanned } from './gs1-element-string.ts'
import { readEpc } from './gs1-epc.ts'
import {
  fail,
  gs1Keys,
  isPlausibleValue,
  isQualifier,
  keyOfWord,
  normaliseKey,
  orderQualifiers,
  type Pair,
} from './gs1-keys.ts'
import { decodeOnce, type Scheme, type SchemeContext } from './scheme.ts'

/**
 * GS1 keys: bare digits, element strings, EPC URIs and Digital Link URIs. The normal form is the
 * Digital Link path without its leading slash, so that it can be put behind any host:
 * `01/06901234567892/10/LOT1/21/S1`.
 */
export const gs1: Scheme = {
  system: 'gs1',
  parse(text, context) {
    if (context.url !== undefined) return fromUrl(context.url.path)
    return (
      fromDigits(compact(text)) ??
      fromElementString(text) ??
      fromUrn(text) ??
      fromPath(text, context)
    )
  },
}

const gtinLengths = [8, 12, 13, 14]
const ssccLength = 18

function fromDigits(digits: string): Identifier | undefined {
  if (!/^\d+$/.test(digits)) return undefined
  if (gtinLengths.includes(digits.length)) return identifierOf([['01', digits]], 'given')
  if (digits.length === ssccLength) return identifierOf([['00', digits]], 'given')
  return undefined
}

function fromElementString(text: string): Identifier | undefined {
  const spelt = toHalfWidth(text).replace(/ +/g, '')
  if (/^\(\d{2,4}\)/.test(spelt)) return fromElements(readBracketed(spelt))
  return isScannedElementString(spelt) ? fromElements(readScanned(spelt)) : undefined
}

/** An element string has data of all kinds in any order: its one key and that key's qualifiers count. */
function fromElements(pairs: readonly Pair[]): Identifier {
  const keys = pairs.filter(([ai]) => gs1Keys.has(ai))
  if (keys.length !== 1) {
    throw fail(
      'keys',
      say(
        '单元数据串中应有且只有一个 GS1 标识代码',
        'an element string holds exactly one GS1 key to be asked for',
      ),
    )
  }
  return identifierOf([keys[0]!, ...pairs.filter(([ai]) => isQualifier(ai))], 'any')
}

function fromUrn(text: string): Identifier | undefined {
  const pairs = readEpc(text.trim())
  return pairs && identifierOf(pairs, 'given')
}

/** A Digital Link URI: any host, any stem, then key, value and qualifiers to the end of the path. */
function fromUrl(path: string): Identifier | undefined {
  const segments = path.slice(1).split('/')
  // A dotted number in front makes it a handle's proxy, and what follows the handle's suffix.
  if (/^\d+\./.test(segments[0]!)) return undefined
  for (let at = 0; at + 1 < segments.length; at++) {
    const [segment, value] = [segments[at]!, segments[at + 1]!]
    if (gs1Keys.has(segment) && isPlausibleValue(segment, value))
      return fromSegments(segments.slice(at))
    refuseWord(segment, value)
  }
  return undefined
}

/** A Digital Link path alone: our own normal form, among others. */
function fromPath(text: string, { isNamed }: SchemeContext): Identifier | undefined {
  const path = text
    .trim()
    .replace(/^\//, '')
    .replace(/[?#].*$/s, '')
  const segments = path.split('/')
  if (segments.length > 1 && gs1Keys.has(segments[0]!)) return fromSegments(segments)
  if (segments.length > 1) refuseWord(segments[0]!, segments[1]!)
  if (!isNamed) return undefined
  throw fail('form', say('不是 GS1 标识的任何一种写法', 'this is no spelling of a GS1 key'))
}

function refuseWord(segment: string, value: string): void {
  const ai = keyOfWord(segment)
  if (ai === undefined || !isPlausibleValue(ai, value)) return
  throw fail(
    'word',
    say(
      `GS1 Digital Link 已不再使用单词“${segment}”，请写 /${ai}/`,
      `GS1 Digital Link no longer has the word "${segment}"; write /${ai}/`,
    ),
  )
}

function fromSegments(segments: readonly string[]): Identifier {
  const parts = segments.at(-1) === '' ? segments.slice(0, -1) : segments
  if (parts.length % 2 !== 0) {
    throw fail(
      'path',
      say('每个应用标识符之后须有一个值', 'each application identifier is followed by a value'),
    )
  }
  const pairs: Pair[] = []
  for (let i = 0; i < parts.length; i += 2) pairs.push([parts[i]!, decodeOnce(parts[i + 1]!)])
  return identifierOf(pairs, 'given')
}

/**
 * @param path the key, then its qualifiers, values decoded
 * @param order `given`: a URI must have the qualifiers in order (Digital Link 1.4 §4.9); `any`: element strings need not
 */
function identifierOf(path: readonly Pair[], order: 'given' | 'any'): Identifier {
  const [ai, spelt] = path[0]!
  const pairs = path.slice(1)
  const { value, authority } = normaliseKey(ai, spelt)
  const qualifiers = orderQualifiers(ai, pairs)
  const text = [[ai, value] as const, ...qualifiers]
    .map(([name, content]) => `${name}/${encodeValue(content)}`)
    .join('/')
  if (order === 'given' && qualifiers.some((pair, place) => pair !== pairs[place])) {
    throw wrongOrder(qualifiers, text)
  }
  return { system: 'gs1', text, key: `gs1:${text}`, authority }
}

/** With the fact `canonical`, how it should have been written. */
function wrongOrder(qualifiers: readonly Pair[], canonical: string) {
  const right = qualifiers.map(([qualifier]) => qualifier)
  return fail(
    'order',
    say(
      `限定符的顺序应为 ${right.join('、')}：/${canonical}`,
      `the qualifiers come in the order ${right.join(', ')}: /${canonical}`,
    ),
    { canonical },
  )
}

/** Everything reserved is encoded, so that one value has one spelling (GS1 Digital Link 1.4 §4.4). */
function encodeValue(value: string): string {
  return value.replace(
    /[^A-Za-z0-9._-]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
