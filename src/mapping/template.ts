import { type Failure, invalid } from '../model/failures.ts'
import { foldAscii } from '../model/identifier.ts'
import { say, type Text } from '../model/text.ts'

/**
 * What a placeholder may stand for. Users write no regular expressions: a pattern of these is matched in one pass,
 * whatever it is asked (`docs/mapping.md`).
 */
const classes = {
  digits: /^[0-9]$/,
  upper: /^[A-Z]$/,
  alnum: /^[0-9A-Za-z]$/,
  /** What a segment of a path holds, in any script. */
  text: /^[^/]$/,
  /** Several segments: nothing can follow that would tell their end. */
  path: /^.$/s,
} as const
type Class = keyof typeof classes

interface Placeholder {
  readonly name: string
  readonly class: Class
  readonly min: number
  readonly max: number
}

type Piece = string | Placeholder

/** A text with placeholders, known to be matched without ever trying twice. */
export interface Template {
  readonly pieces: readonly Piece[]
  /** As it was written. */
  readonly text: string
}

/** As long as an identifier may be. */
const templateLengthMax = 255
const placeholdersMax = 16
const placeholderLengthMax = 200

/** Placeholders that say by their name what they hold (GS1 General Specifications §3). */
const wellKnown: Readonly<Record<string, Omit<Placeholder, 'name'>>> = {
  gtin: { class: 'digits', min: 14, max: 14 },
  sscc: { class: 'digits', min: 18, max: 18 },
  gln: { class: 'digits', min: 13, max: 13 },
  // A value of 20 characters may be written with three for each.
  lot: { class: 'text', min: 1, max: 60 },
  serial: { class: 'text', min: 1, max: 60 },
  rest: { class: 'path', min: 1, max: placeholderLengthMax },
}

/**
 * Reads a template that recognises texts: `01/{gtin}/21/{serial}`, `88.118.8/{year:digits:4}-{no:digits:1-6}`. It must leave
 * no choice: where a placeholder of open length ends must be told by the one character that follows.
 * @param pointer where its writer put it
 * @throws Failure `INPUT_INVALID` saying what is wrong with it
 */
export function readTemplate(text: string, pointer: string): Template {
  const template = readPieces(text, pointer, (spelt, fail) => readPlaceholder(spelt, fail))
  demandUnambiguous(template, pointer)
  return template
}

/**
 * Reads a template that is filled with what another one has found: its placeholders are that one's, by name.
 * @throws Failure `INPUT_INVALID` saying what is wrong with it
 */
export function readTarget(text: string, pointer: string, { pieces }: Template): Template {
  return readPieces(text, pointer, (name, fail) => {
    const found = pieces.find(piece => typeof piece !== 'string' && piece.name === name)
    if (found !== undefined && typeof found !== 'string') return found
    throw fail(
      'unknown',
      say(`来源模板中没有 {${name}}`, `the template it comes from has no {${name}}`),
    )
  })
}

type Fail = (rule: string, detail: Text) => Failure

function readPieces(
  text: string,
  pointer: string,
  read: (spelt: string, fail: Fail) => Placeholder,
): Template {
  const fail: Fail = (rule, detail) => invalid(pointer, `template.${rule}`, detail)
  if (text.length > templateLengthMax) throw fail('length', tooLong)
  const pieces = split(text).map(piece =>
    piece.startsWith('{') && piece.endsWith('}') ? read(piece.slice(1, -1), fail) : piece,
  )
  if (pieces.some(piece => typeof piece === 'string' && /[{}]/.test(piece))) {
    throw fail('braces', say('花括号不成对', 'a brace has no partner'))
  }
  const names = namesIn({ pieces, text })
  if (names.length > placeholdersMax) throw fail('count', tooMany)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice === undefined) return { pieces, text }
  throw fail('twice', say(`占位符 {${twice}} 重复`, `{${twice}} is there twice`))
}

/** The names of its placeholders, in their order. */
export function namesIn({ pieces }: Template): string[] {
  return pieces.flatMap(piece => (typeof piece === 'string' ? [] : [piece.name]))
}

function demandUnambiguous({ pieces }: Template, pointer: string): void {
  for (const [at, piece] of pieces.entries()) {
    if (typeof piece === 'string' || piece.min === piece.max) continue
    const next = pieces[at + 1]
    if (next === undefined) continue
    if (typeof next === 'string' && !classes[piece.class].test(next.charAt(0))) continue
    throw invalid(
      pointer,
      'template.ambiguous',
      say(
        `占位符 {${piece.name}} 长度不定，其后须为它不能包含的字符`,
        `{${piece.name}} is of open length: what follows must be a character that it cannot hold`,
      ),
    )
  }
}

/**
 * What the placeholders stand for in a text, in one pass over it.
 * @param isFolded ASCII letters of the text and of the template's own are the same in either case
 * @returns undefined where the text is not of this form
 */
export function matchTemplate(
  { pieces }: Template,
  text: string,
  isFolded: boolean,
): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  let at = 0
  for (const piece of pieces) {
    const length =
      typeof piece === 'string' ? literalAt(text, at, piece, isFolded) : runAt(text, at, piece)
    if (length === undefined) return undefined
    if (typeof piece !== 'string') found.set(piece.name, text.slice(at, at + length))
    at += length
  }
  return at === text.length ? found : undefined
}

/** @param values of every placeholder in it */
export function fillTemplate({ pieces }: Template, values: ReadonlyMap<string, string>): string {
  return pieces
    .map(piece => (typeof piece === 'string' ? piece : (values.get(piece.name) ?? '')))
    .join('')
}

function literalAt(
  text: string,
  at: number,
  literal: string,
  isFolded: boolean,
): number | undefined {
  const there = text.slice(at, at + literal.length)
  const isThere = isFolded ? foldAscii(there) === foldAscii(literal) : there === literal
  return isThere ? literal.length : undefined
}

function runAt(text: string, at: number, placeholder: Placeholder): number | undefined {
  const one = classes[placeholder.class]
  let length = 0
  while (length < placeholder.max && one.test(text.charAt(at + length))) length++
  return length < placeholder.min ? undefined : length
}

/** The text cut before and after each pair of braces, empty parts left out. */
function split(text: string): string[] {
  return text.split(/(\{[^{}]*\})/).filter(part => part !== '')
}

function readPlaceholder(text: string, fail: Fail): Placeholder {
  const [name = '', named, length, ...more] = text.split(':')
  if (!/^[a-z][a-z0-9]{0,15}$/i.test(name) || more.length > 0) throw fail('placeholder', form)
  if (named === undefined) {
    const known = Object.hasOwn(wellKnown, name) ? wellKnown[name] : undefined
    if (known === undefined) throw fail('class', classNeeded(name))
    return { name, ...known }
  }
  if (!Object.hasOwn(classes, named)) throw fail('class', classNeeded(name))
  const range = /^([0-9]{1,3})(?:-([0-9]{1,3}))?$/.exec(length ?? `1-${placeholderLengthMax}`)
  const min = Number(range?.[1])
  const max = Number(range?.[2] ?? range?.[1])
  if (!(min >= 1 && min <= max && max <= placeholderLengthMax)) throw fail('bounds', bounds)
  return { name, class: named as Class, min, max }
}

function classNeeded(name: string): Text {
  const known = Object.keys(wellKnown).join(', ')
  const list = Object.keys(classes).join(', ')
  return say(
    `{${name}} 须写明字符种类，如 {${name}:digits:6}；种类为 ${list}，无须写明的有 ${known}`,
    `say what {${name}} holds, as in {${name}:digits:6}; there are ${list}, and these need not say: ${known}`,
  )
}

const form = say(
  '占位符写作 {名称}、{名称:种类} 或 {名称:种类:最短-最长}，名称至多 16 位字母数字',
  'a placeholder is {name}, {name:class} or {name:class:shortest-longest}, its name at most 16 letters and digits',
)
const bounds = say(
  `占位符长度为 1 至 ${placeholderLengthMax}`,
  `a placeholder is 1 to ${placeholderLengthMax} characters long`,
)
const tooLong = say(
  `模板至多 ${templateLengthMax} 个字符`,
  `a template has at most ${templateLengthMax} characters`,
)
const tooMany = say(
  `模板至多 ${placeholdersMax} 个占位符`,
  `a template has at most ${placeholdersMax} placeholders`,
)
