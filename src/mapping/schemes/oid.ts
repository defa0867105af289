import { malformed } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import { foldPrefix } from './handle-spelling.ts'
import type { Scheme } from './scheme.ts'

/** Object identifiers (ITU-T X.660): dotted numbers, `urn:oid:` (RFC 3061), OID-IRI. */
export const oid: Scheme = {
  system: 'oid',
  parse(text, { isNamed }) {
    const arcs = spelling(text.trim(), isNamed)
    if (arcs === undefined) return undefined
    requireOid(arcs)
    requireLeaf(arcs)
    return { system: 'oid', text: arcs, key: `oid:${arcs}`, authority: arcs }
  },
}

/** @throws Failure `IDENTIFIER_MALFORMED` naming the rule of X.660 that is broken */
export function requireOid(text: string): void {
  const arcs = text.split('.')
  if (!arcs.every(arc => /^\d+$/.test(arc))) {
    throw fail('arc', say('OID 的每个弧须为数字', 'each arc of an OID is a number'))
  }
  if (!arcs.every(arc => arc === '0' || !arc.startsWith('0'))) {
    throw fail('leadingZero', say('OID 的弧不得以 0 开头', 'an arc of an OID has no leading zeros'))
  }
  if (arcs.length < 2) throw fail('arcs', say('OID 至少有两个弧', 'an OID has at least two arcs'))
  if (!/^[012]$/.test(arcs[0]!)) {
    throw fail('root', say('OID 的第一个弧为 0、1 或 2', 'the first arc of an OID is 0, 1 or 2'))
  }
  // Longer numbers are above 39 too, without being read as numbers.
  if (arcs[0] !== '2' && (arcs[1]!.length > 2 || Number(arcs[1]) > 39)) {
    throw fail(
      'secondArc',
      say(
        '根弧 0 和 1 之下的第二个弧为 0 至 39',
        'below the roots 0 and 1 the second arc is 0 to 39',
      ),
    )
  }
}

/** What begins like the arcs of China is an OID, even a broken one. */
const chinese = /^(?:1\.2|2\.16)\.156(?:\.|$)/

/** Two arcs are the root of a country or organisation; printed alone they would read as a handle prefix. */
function requireLeaf(text: string): void {
  if (text.split('.').length < 3) {
    throw fail(
      'arcs',
      say('作为标识的 OID 至少有三个弧', 'an OID that identifies has at least three arcs'),
    )
  }
}

function spelling(text: string, isNamed: boolean): string | undefined {
  if (/^urn:oid:/i.test(text)) return text.slice('urn:oid:'.length)
  if (text.startsWith('/')) return fromIri(text)
  // Shorter dotted numbers are handle prefixes unless the asker says otherwise.
  const dotted = foldPrefix(text)
  const isOurs = isNamed || /^[012](?:\.\d+){2,}\.?$/.test(dotted) || chinese.test(dotted)
  return isOurs && !dotted.includes('/') ? dotted : undefined
}

/** The names of the roots and of the arcs below them that have long ones (X.660 annex A). */
const iriNames: Readonly<Record<string, readonly string[]>> = {
  '': ['itu-t', 'iso', 'joint-iso-itu-t'],
  1: ['standard', 'registration-authority', 'member-body', 'identified-organization'],
}

/** Names without a number known to us are refused: two spellings of one OID must stay one. */
function fromIri(text: string): string | undefined {
  const [first, ...rest] = text.slice(1).split('/')
  const root = arcOf(first!, iriNames['']!)
  if (root === undefined || !/^[012]$/.test(root) || rest.length === 0) return undefined
  const arcs = [root]
  for (const label of rest) {
    const arc = arcOf(label, arcs.length === 1 ? (iriNames[root] ?? countryNames) : [])
    if (arc === undefined) {
      throw fail(
        'iriLabel',
        say(
          `不知道 OID-IRI 标签“${label}”的数字，请写数字形式`,
          `the number of the OID-IRI label "${label}" is not known here; write the number`,
        ),
      )
    }
    arcs.push(arc)
  }
  return arcs.join('.')
}

/** Below `Joint-ISO-ITU-T` only the arc of countries, 2.16, is spelt out in practice. */
const countryNames = [...new Array<string>(16).fill(''), 'country']

function arcOf(label: string, names: readonly string[]): string | undefined {
  if (/^\d+$/.test(label)) return label
  const arc = label === '' ? -1 : names.indexOf(label.toLowerCase())
  return arc === -1 ? undefined : String(arc)
}

function fail(rule: string, detail: Text) {
  return malformed(`oid.${rule}`, detail)
}
