import { Failure, malformed } from '../../model/failures.ts'
import { compact } from '../../model/full-width.ts'
import { foldAscii, type Identifier, type System } from '../../model/identifier.ts'
import { looksLikeResidentId } from '../../model/resident-id.ts'
import {
  identifierBytesMax,
  requireClean,
  requireRegistrable,
  requireSafe,
  tooLong,
} from '../../model/safe-text.ts'
import { say } from '../../model/text.ts'
import { code } from './code.ts'
import { did } from './did.ts'
import { ecode } from './ecode.ts'
import { gs1 } from './gs1.ts'
import { groupSeparator, isScannedElementString } from './gs1-element-string.ts'
import { handle, parsePlainHandle } from './handle.ts'
import { oid } from './oid.ts'
import type { Scheme, SchemeContext } from './scheme.ts'
import { url } from './url.ts'
import { vaa } from './vaa.ts'
import { readWebUrl, type WebUrl } from './web-url.ts'

/** Every system, in the order in which a text is offered to them: the more peculiar spelling first. */
const schemes: readonly Scheme[] = [did, gs1, code, vaa, oid, ecode, handle, url]

/** Turns any spelling of an identifier, in any system, into its one normal form. */
export interface Names {
  /**
   * @param system asks this system only; needed where a text could belong to several
   * @throws Failure `IDENTIFIER_MALFORMED`; when several systems claim the text, with their names in fact `systems`
   */
  parse(text: string, system?: System): Identifier
  /** The same for an identifier about to be registered, whose text must in addition be unmistakable. */
  parseForRegistering(text: string, system?: System): Identifier
}

/** Spellings that were read lately; all are forgotten when there are so many, which is cheaper than to know the oldest. */
const recentMax = 4_096
/** Longer ones are rare, and would be kept whole. */
const recentLengthMax = 256

/** @param codePrefix the handle prefix enterprise codes are issued under, such as `88.118.1` */
export function makeNames({ codePrefix: spelt }: { readonly codePrefix: string }): Names {
  const codePrefix = foldAscii(spelt)
  const recent = new Map<string, Identifier>()

  function parse(text: string, system?: System): Identifier {
    if (system === undefined || system === 'handle') {
      const plain = parsePlainHandle(text, identifierBytesMax)
      if (plain !== undefined && plain.authority !== codePrefix) return plain
    }
    if (system !== undefined || text.length > recentLengthMax) return parseAnew(text, system)
    // A label is scanned again and again: reading a GS1 link costs as much as a whole answer from memory.
    const known = recent.get(text)
    if (known !== undefined) return known
    const identifier = parseAnew(text, undefined)
    if (recent.size >= recentMax) recent.clear()
    recent.set(text, identifier)
    return identifier
  }

  function parseAnew(text: string, system: System | undefined): Identifier {
    requireReadable(text)
    const context = { codePrefix, url: urlOf(text), isNamed: system !== undefined }
    const identifier = system === undefined ? detect(text, context) : ask(system, text, context)
    // Only now is percent-encoding undone, and what it hid visible.
    requireSafe(identifier.text)
    return identifier
  }

  return {
    parse,
    parseForRegistering(text, system) {
      const identifier = parse(text, system)
      requireRegistrable(identifier.text.slice(identifier.text.indexOf('/') + 1))
      return identifier
    },
  }
}

/** A spelling may be longer than the identifier: percent-encoding triples it, a URL surrounds it. */
const spellingLengthMax = 2048

function requireReadable(text: string): void {
  if (text.length > spellingLengthMax) throw tooLong()
  if (text === '') throw malformed('empty', say('标识为空', 'the identifier is empty'))
  // The separator of bar codes is the one control that a spelling may hold.
  requireClean(isScannedElementString(text) ? text.replaceAll(groupSeparator, '') : text)
}

function urlOf(text: string): WebUrl | undefined {
  const url = readWebUrl(text)
  if (url !== 'broken') return url
  throw malformed('url.form', say('网址不完整', 'the URL is broken'))
}

/** The system was named: it alone decides. */
function ask(system: System, text: string, context: SchemeContext): Identifier {
  if (system !== 'gs1') requireClean(text)
  const identifier = askScheme(system, text, context)
  if (identifier !== undefined) return identifier
  throw malformed(
    `${system}.form`,
    say(`不是 ${system} 体系的标识`, `this is no identifier of the system ${system}`),
  )
}

function askScheme(system: System, text: string, context: SchemeContext): Identifier | undefined {
  if (system === 'url') return onlyUrl(text, context)
  // A code is a handle too, and keeps its own normal form.
  const asCode = system === 'handle' ? codeAsHandle(text, context) : undefined
  return asCode ?? schemes.find(scheme => scheme.system === system)?.parse(text, context)
}

/** A URL that carries another identifier is that identifier: under two keys it would be two things. */
function onlyUrl(text: string, context: SchemeContext): Identifier | undefined {
  if (context.url === undefined) return undefined
  const { system, ...identifier } = detect(text, { ...context, isNamed: false })
  if (system === 'url') return { system, ...identifier }
  throw malformed(
    'url.carries',
    say(
      `该网址承载 ${system} 体系的标识，请按该体系查询`,
      `this URL carries an identifier of the system ${system}; ask for that`,
    ),
    { systems: [system] },
  )
}

function codeAsHandle(text: string, context: SchemeContext): Identifier | undefined {
  return /[/\uff0f]/.test(text) ? code.parse(text, context) : undefined
}

function detect(text: string, context: SchemeContext): Identifier {
  if (isScannedElementString(text)) return ask('gs1', text, context)
  if (isBareWord(text)) return detectWord(text, context)
  for (const scheme of schemes) {
    const identifier = scheme.parse(text, context)
    if (identifier !== undefined) return identifier
  }
  throw unrecognised()
}

/** Letters and digits alone carry no mark of their system, so all of them are asked. */
function isBareWord(text: string): boolean {
  return /^[0-9A-Za-z]+$/.test(compact(text))
}

function detectWord(text: string, context: SchemeContext): Identifier {
  const found: Identifier[] = []
  let failure: Failure | undefined
  for (const scheme of schemes) {
    try {
      const identifier = scheme.parse(text, context)
      if (identifier !== undefined) found.push(identifier)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failure ??= error
    }
  }
  const claims: string[] = found.map(identifier => identifier.system)
  if (looksLikeResidentId(compact(text).toUpperCase())) claims.push('residentId')
  if (claims.length > 1) throw ambiguous(claims)
  if (found[0] !== undefined) return found[0]
  throw claims.length === 1 ? personal() : (failure ?? unrecognised())
}

function ambiguous(systems: readonly string[]): Failure {
  const list = systems.join(', ')
  return malformed(
    'ambiguous',
    say(
      `可能属于多个体系（${list}），请用 system 参数指明`,
      `it could belong to several systems (${list}); say which with the parameter "system"`,
    ),
    { systems },
  )
}

/** Says nothing of the number itself: it may be somebody's. */
function personal(): Failure {
  return malformed(
    'residentId',
    say(
      '这看起来是居民身份证号；个人证件号不是可解析的标识',
      "this looks like a person's resident identity number, which is no identifier to be resolved",
    ),
  )
}

function unrecognised(): Failure {
  return malformed(
    'unrecognised',
    say(
      '不是任何已知体系的写法；可用 system 参数指明体系',
      'no known system is written like this; the parameter "system" can say which one is meant',
    ),
  )
}
