import { isUtf8 } from 'node:buffer'
import { Failure, invalid } from '../../model/failures.ts'
import { hasLoneSurrogateOrNul } from '../../model/safe-text.ts'
import { say, type Text } from '../../model/text.ts'

/** Our deepest input, a site inside a value inside a record, has 9 levels. */
export const jsonDepthMax = 32
/** A record of a thousand values, or a thousand identifiers, has a tenth of this; bounds the work of validation. */
export const jsonNodesMax = 100_000

/**
 * Reads a JSON body (RFC 8259) and refuses what later code should never meet: other encodings than UTF-8, members
 * that reach for prototypes, NUL and halves of surrogate pairs, endless depth.
 * @returns undefined for an empty body
 * @throws Failure `INPUT_INVALID`
 */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  if (!isUtf8(bytes))
    throw invalid('', 'json.utf8', say('内容须为 UTF-8', 'the body must be UTF-8'))
  const parsed = parseText(bytes.toString())
  inspect(parsed, needsTextCheck(bytes))
  return parsed
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text)
  } catch (error) {
    const detail = say('内容不是有效的 JSON', 'the body is no valid JSON')
    throw new Failure('INPUT_INVALID', detail, {
      errors: [{ pointer: '', rule: 'json.syntax', detail }],
      cause: error,
    })
  }
}

const byteOrderMark = 0xfeff

/** In UTF-8 that is valid JSON, NUL and lone surrogates can only be written as escapes, and so can hidden member names. */
function needsTextCheck(bytes: Buffer): boolean {
  return suspicious.some(text => bytes.includes(text))
}

const forbiddenMembers = ['__proto__', 'constructor', 'prototype']
const suspicious = [...forbiddenMembers, '\\u']

/** Walks with a stack of its own, so that depth costs no calls. */
function inspect(root: unknown, checkTexts: boolean): void {
  const stack: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 1 }]
  let nodes = 0
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, depth } = next
    nodes += 1
    if (nodes > jsonNodesMax) throw new Failure('TOO_LARGE', tooManyNodes)
    if (typeof value === 'string') {
      if (checkTexts && hasLoneSurrogateOrNul(value)) throw refused('json.text', unsafeText)
      continue
    }
    if (typeof value !== 'object' || value === null) continue
    if (depth > jsonDepthMax) throw refused('json.depth', tooDeep)
    if (Array.isArray(value)) {
      if (nodes + stack.length + value.length > jsonNodesMax)
        throw new Failure('TOO_LARGE', tooManyNodes)
      for (const item of value) stack.push({ value: item, depth: depth + 1 })
      continue
    }
    for (const name of Object.keys(value)) {
      if (checkTexts) checkMember(name)
      stack.push({ value: (value as Record<string, unknown>)[name], depth: depth + 1 })
    }
  }
}

function checkMember(name: string): void {
  if (forbiddenMembers.includes(name)) throw refused('json.member', forbiddenMember)
  if (hasLoneSurrogateOrNul(name)) throw refused('json.text', unsafeText)
}

function refused(rule: string, detail: Text): Failure {
  return invalid('', rule, detail)
}

const tooDeep = say(
  `JSON 嵌套不得超过 ${jsonDepthMax} 层`,
  `JSON is nested at most ${jsonDepthMax} deep`,
)
const tooManyNodes = say(
  `JSON 不得超过 ${jsonNodesMax} 个元素`,
  `a JSON body has at most ${jsonNodesMax} elements`,
)
const unsafeText = say(
  '文本含有 NUL 或不成对的代理码元',
  'a text contains NUL or half of a surrogate pair',
)
const forbiddenMember = say(
  '成员名不得为 __proto__、constructor 或 prototype',
  'no member may be called __proto__, constructor or prototype',
)
