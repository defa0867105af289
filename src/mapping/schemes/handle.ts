import { malformed } from '../../model/failures.ts'
import { foldAscii, type Identifier } from '../../model/identifier.ts'
import { say, type Text } from '../../model/text.ts'
import { claimsPathPrefix } from './gs1-keys.ts'
import { foldPrefix, readHandleSpelling } from './handle-spelling.ts'
import type { Scheme } from './scheme.ts'
import { isVaaIssuer } from './vaa.ts'

/** Handles (RFC 3650 §2): `88.118.8/SN-1`, `hdl:…`, a proxy's URL, or a bare prefix. */
export const handle: Scheme = {
  system: 'handle',
  parse(text, context) {
    const spelling = readHandleSpelling(text, context)
    if (spelling === undefined) return undefined
    const { prefix, suffix } = spelling
    const isCertain = spelling.isExplicit || context.isNamed
    if (suffix === undefined) return barePrefix(prefix, isCertain)
    if (!isCertain && !isLikelyPrefix(prefix)) return undefined
    requirePrefix(prefix)
    if (suffix === '')
      throw fail('emptySuffix', say('斜杠后缺少标识后缀', 'nothing follows the slash'))
    return handleIdentifier(prefix, suffix)
  },
}

/** The identifier of a handle whose parts are known to be well-formed. */
export function handleIdentifier(prefix: string, suffix: string): Identifier {
  const authority = foldAscii(prefix)
  if (authority === prefixesOwnPrefix) {
    const named = foldPrefix(suffix)
    if (isPrefix(named)) return prefixIdentifier(named)
  }
  const text = `${prefix}/${suffix}`
  return { system: 'handle', text, key: foldAscii(text), authority }
}

/**
 * A plain handle needs no scheme at all: digits and dots, a slash, printable ASCII. Nearly every
 * question is one, so this reads it in one scan.
 * @returns undefined when the text needs a closer look
 */
export function parsePlainHandle(text: string, lengthMax: number): Identifier | undefined {
  const slash = plainPrefixEnd(text)
  if (slash === -1 || slash + 1 === text.length || text.length > lengthMax) return undefined
  let hasUpperCase = false
  for (let i = slash + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return undefined
    if (unit >= 0x41 && unit <= 0x5a) hasUpperCase = true
  }
  // The whole text is ASCII, where lower-casing is the fold.
  const key = hasUpperCase ? text.toLowerCase() : text
  return { system: 'handle', text, key, authority: text.slice(0, slash) }
}

/** Where the slash after a prefix of two or more numeric labels is; −1 without one. */
function plainPrefixEnd(text: string): number {
  let hasDot = false
  let isLabelEmpty = true
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x30 && unit <= 0x39) {
      isLabelEmpty = false
    } else if (isLabelEmpty) {
      return -1
    } else if (unit === 0x2e) {
      hasDot = true
      isLabelEmpty = true
    } else {
      return unit === 0x2f && hasDot ? i : -1
    }
  }
  return -1
}

/** The prefix under which prefixes themselves are handles, folded. */
const prefixesOwnPrefix = '0.na'

function prefixIdentifier(prefix: string): Identifier {
  const text = `0.NA/${prefix}`
  return { system: 'handle', text, key: foldAscii(text), authority: foldAscii(prefix) }
}

/** A prefix alone names no object but is a question of its own: it stands for `0.NA/<prefix>`. */
function barePrefix(prefix: string, isCertain: boolean): Identifier | undefined {
  if (isCertain) {
    requirePrefix(prefix)
    return prefixIdentifier(prefix)
  }
  return /^\d+(?:\.[\w-]+)+$/.test(prefix) ? prefixIdentifier(prefix) : undefined
}

/** What stands before the slash could be meant as a prefix, even if it is a broken one. */
function isLikelyPrefix(prefix: string): boolean {
  return prefix === '' || isPrefix(prefix) || /^\d+\./.test(prefix)
}

function isPrefix(prefix: string): boolean {
  return /^[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)*$/u.test(prefix)
}

function requirePrefix(prefix: string): void {
  if (prefix === '') throw fail('emptyPrefix', say('缺少前缀', 'the prefix is missing'))
  if (prefix.split('.').includes('')) {
    throw fail('emptyLabel', say('前缀中有空的标签', 'the prefix has an empty label'))
  }
  if (!isPrefix(prefix)) {
    throw fail(
      'label',
      say(
        '前缀的标签只能含字母、数字、下划线和连字符',
        'a label of a prefix holds letters, digits, underscores and hyphens',
      ),
    )
  }
  if (claimsPathPrefix(prefix) || isVaaIssuer(prefix)) {
    throw fail(
      'reservedPrefix',
      say(
        '此前缀在本节点是另一标识体系的写法',
        'this prefix is how another identifier system is written here',
      ),
    )
  }
}

function fail(rule: string, detail: Text) {
  return malformed(`handle.${rule}`, detail)
}
