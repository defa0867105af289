import { isUtf8 } from 'node:buffer'
import { type Failure, invalid } from '../../model/failures.ts'
import { hasLoneSurrogateOrNul } from '../../model/safe-text.ts'
import { say } from '../../model/text.ts'

/** The members of one object of a signed document; each is read by its name, and the others stay outside. */
export interface Members {
  /** @throws Failure `INPUT_INVALID` where it is no text of 1 to `charactersMax` characters, or not of that form */
  text(name: string, charactersMax: number, form?: RegExp): string
  /** @throws Failure `INPUT_INVALID` where it is no whole number in that range */
  integer(name: string, min: number, max: number): number
  /** @throws Failure `INPUT_INVALID` where it is no list of that many */
  list(name: string, countMin: number, countMax: number): readonly unknown[]
  /** The member as it came; undefined where there is none. */
  value(name: string): unknown
  refuse(name: string, rule: string): Failure
}

/**
 * Reads a signed JSON document of ours. `documentName` begins its rules: `manifest.seq`.
 * @throws Failure `INPUT_INVALID`
 */
export function readSigned(bytes: Buffer, documentName: string): Members {
  return membersOf(parse(bytes, documentName), documentName, '')
}

/** @param input what stands at that pointer of the document */
export function membersOf(input: unknown, documentName: string, pointer: string): Members {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  if (!isObject) throw wrong(pointer, `${documentName}.object`)
  const object = input as Readonly<Record<string, unknown>>

  const value = (name: string) => (Object.hasOwn(object, name) ? object[name] : undefined)
  const refuse = (name: string, rule: string) =>
    wrong(`${pointer}/${name}`, `${documentName}.${rule}`)

  return {
    text(name, charactersMax, form) {
      const text = value(name)
      const isFit = typeof text === 'string' && text !== '' && text.length <= charactersMax
      if (!isFit || hasLoneSurrogateOrNul(text) || form?.test(text) === false) {
        throw refuse(name, name)
      }
      return text
    },
    integer(name, min, max) {
      const number = value(name)
      const isFit = typeof number === 'number' && Number.isSafeInteger(number)
      if (!isFit || number < min || number > max) throw refuse(name, name)
      return number
    },
    list(name, countMin, countMax) {
      const list = value(name)
      if (!Array.isArray(list) || list.length < countMin || list.length > countMax) {
        throw refuse(name, name)
      }
      return list
    },
    value,
    refuse,
  }
}

/**
 * Prefixes as they were signed: whether they are prefixes, and whose, is judged label by label where they are used.
 * @throws Failure `INPUT_INVALID`
 */
export function prefixesIn(members: Members): readonly string[] {
  const list = members.list('prefixes', 1, prefixesMax)
  const isPrefix = (each: unknown): each is string =>
    typeof each === 'string' && each.length <= prefixCharactersMax && /^[\x21-\x7e]+$/.test(each)
  if (!list.every(isPrefix)) throw members.refuse('prefixes', 'prefixes')
  return [...new Set(list)]
}

/** A province has some hundred secondary nodes; more is no scope but a list of everything. */
const prefixesMax = 1_000
/** The longest prefix of a handle, with the name of its system before it. */
const prefixCharactersMax = 128

function parse(bytes: Buffer, documentName: string): unknown {
  if (!isUtf8(bytes)) throw wrong('', `${documentName}.utf8`)
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw wrong('', `${documentName}.json`)
  }
}

function wrong(pointer: string, rule: string): Failure {
  const [documentName = '', member = ''] = rule.split('.')
  const name = documentName === 'grant' ? '授权令' : '清单'
  const detail = say(
    `${name}不符合要求：${pointer || '整个文档'}（${member}）`,
    `the ${documentName} breaks the rule of its ${member} at ${pointer || 'its root'}`,
  )
  return invalid(pointer, rule, detail)
}
