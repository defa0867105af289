import { say } from '../../../model/text.ts'
import { sheetFailure } from '../sheet-failures.ts'

/** A tag, a comment or a text of one cell; a cell has at most 32 767 characters. */
const tokenCharsMax = 2 ** 20

/** Told of what a document holds, in its order. Names come without their namespace prefix. */
export interface XmlHandler {
  open(name: string, attribute: (name: string) => string | undefined): void
  close?(name: string): void
  text?(text: string): void
}

/**
 * Reads XML as it comes (XML 1.0, UTF-8, without document type): nothing is kept but the token that is begun.
 * Tags are counted and not matched: it is enough to know that the document is whole.
 * @returns after each piece, so that whoever calls can hand on what the handler has collected
 * @throws Failure `INPUT_INVALID` for what is no XML
 */
export async function* readXml(
  bytes: AsyncIterable<Buffer>,
  handler: XmlHandler,
): AsyncGenerator<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let pending = ''
  let tagCount = 0
  let openCount = 0
  const counting: XmlHandler = {
    open(name, attribute) {
      tagCount += 1
      openCount += 1
      handler.open(name, attribute)
    },
    close(name) {
      openCount -= 1
      handler.close?.(name)
    },
    text: text => handler.text?.(text),
  }
  for await (const piece of bytes) {
    pending += decoded(() => decoder.decode(piece, { stream: true }))
    pending = pending.slice(readTokens(pending, counting))
    if (pending.length > tokenCharsMax) throw malformedXml()
    yield
  }
  pending += decoded(() => decoder.decode())
  const isWhole = pending.trim() === '' && tagCount > 0 && openCount === 0
  if (!isWhole) throw malformedXml()
}

/** The same of a document that is of no interest until its end. */
export async function readWholeXml(
  bytes: AsyncIterable<Buffer>,
  handler: XmlHandler,
): Promise<void> {
  for await (const _ of readXml(bytes, handler));
}

export function malformedXml() {
  return sheetFailure(
    'xlsx.malformed',
    say(
      '不是完整的 xlsx 文件；请在表格软件中重新保存',
      'this is no whole xlsx file: save it again with a spreadsheet program',
    ),
  )
}

function decoded(decode: () => string): string {
  try {
    return decode()
  } catch {
    throw malformedXml()
  }
}

/** @returns where the first token begins that is not all there */
function readTokens(xml: string, handler: XmlHandler): number {
  let at = 0
  for (;;) {
    const tag = xml.indexOf('<', at)
    if (tag === -1) return at
    if (tag > at) handler.text?.(unescapeText(xml.slice(at, tag)))
    const end = xml[tag + 1] === '!' ? readMarkup(xml, tag, handler) : readTag(xml, tag, handler)
    if (end === undefined) return tag
    at = end
  }
}

/** @returns where what follows begins; undefined where its end is still to come */
function readMarkup(xml: string, at: number, handler: XmlHandler): number | undefined {
  if (xml.startsWith('<!--', at)) return after(xml, '-->', at)
  if (xml.startsWith('<![CDATA[', at)) {
    const end = after(xml, ']]>', at)
    if (end !== undefined) handler.text?.(xml.slice(at + '<![CDATA['.length, end - ']]>'.length))
    return end
  }
  // No document type: entities of its own have no place in a sheet.
  if (xml.length - at >= '<![CDATA['.length) throw malformedXml()
  return undefined
}

function readTag(xml: string, at: number, handler: XmlHandler): number | undefined {
  if (xml[at + 1] === '?') return after(xml, '?>', at)
  const end = endOfTag(xml, at)
  if (end === undefined) return undefined
  const tag = xml.slice(at + 1, end)
  const [, isClose, name] = /^(\/?)(?:[\w.-]+:)?([\w.-]+)/.exec(tag) ?? []
  if (name === undefined) throw malformedXml()
  if (isClose === '/') {
    handler.close?.(name)
  } else {
    handler.open(name, attribute => attributeOf(tag, attribute))
    if (tag.endsWith('/')) handler.close?.(name)
  }
  return end + 1
}

function after(xml: string, end: string, at: number): number | undefined {
  const found = xml.indexOf(end, at)
  return found === -1 ? undefined : found + end.length
}

/** An attribute may hold a `>`. */
function endOfTag(xml: string, at: number): number | undefined {
  let quote = ''
  for (let next = at; next < xml.length; next++) {
    const character = xml[next]!
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '>') return next
    else if (character === '"' || character === "'") quote = character
  }
  return undefined
}

const attributeForm = /[\s:]([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

function attributeOf(tag: string, name: string): string | undefined {
  for (const [, each, double, single] of tag.matchAll(attributeForm)) {
    if (each === name) return unescapeText(double ?? single ?? '')
  }
  return undefined
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
}

/** XML 1.0 §2.11, §4.6. */
function unescapeText(text: string): string {
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
  if (!lines.includes('&')) return lines
  return lines.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));?/g, (_, decimal, hex, name) => {
    const known = name === undefined ? undefined : entities[name]
    if (known !== undefined) return known
    const point = Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10)
    if (Number.isNaN(point) || point > 0x10ffff) throw malformedXml()
    return String.fromCodePoint(point)
  })
}

/** A text within an element or an attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, character => `&${named[character]};`)
}

const named: Readonly<Record<string, string>> = { '<': 'lt', '>': 'gt', '&': 'amp', '"': 'quot' }
