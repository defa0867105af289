import { MalformedBytes } from '../../bytes/malformed-bytes.ts'

/**
 * One place to go. Attributes keep their names in lower case; among them are `id`, `country`,
 * `http_role`.
 */
export interface Location {
  readonly href?: string
  /** With `{hdl}` and `{hdl:path}` still in it. */
  readonly hrefTemplate?: string
  /** Share among the locations left to choose from. */
  readonly weight: number
  readonly attributes: ReadonlyMap<string, string>
}

/** The data of a 10320/loc value (HANDLE.NET 9 Technical Manual, chapter 12). */
export interface Locations {
  /** The choosers in their order: `locatt`, `address`, `country`, `score`, `weighted`. */
  readonly chooseBy: readonly string[]
  readonly attributes: ReadonlyMap<string, string>
  readonly locations: readonly Location[]
}

/** Longest XML read; real ones stay below 4 KB. */
const xmlCharsMax = 65_536
const locationCountMax = 256
const attributeCountMax = 64

const chooseByDefault = ['locatt', 'address', 'country', 'score', 'weighted']
const weightDefault = 1

/**
 * Reads `<locations …><location …/></locations>`: elements, attributes, comments, the five named
 * and
 * the numeric entities. Anything else XML could hold (DOCTYPE, CDATA, other elements, text) is
 * refused.
 * @throws MalformedBytes
 */
export function parseLocations(xml: string): Locations {
  if (xml.length > xmlCharsMax) throw new MalformedBytes('limit', '10320/loc')
  const scanner = makeScanner(xml)
  scanner.skip(declaration)
  scanner.skipBlank()
  const root = scanner.openTag('locations')
  const locations: Location[] = []
  if (!root.isEmpty) {
    while (!scanner.closeTag('locations')) {
      if (locations.length === locationCountMax) throw new MalformedBytes('limit', 'locations')
      const location = scanner.openTag('location')
      if (!location.isEmpty && !scanner.closeTag('location')) malformed('text in a location')
      locations.push(locationOf(location.attributes))
    }
  }
  scanner.skipBlank()
  if (!scanner.isAtEnd()) malformed('text after the end')
  return { chooseBy: chooseByOf(root.attributes), attributes: root.attributes, locations }
}

function locationOf(attributes: ReadonlyMap<string, string>): Location {
  const href = attributes.get('href')
  const hrefTemplate = attributes.get('href_template')
  return {
    ...(href === undefined ? {} : { href }),
    ...(hrefTemplate === undefined ? {} : { hrefTemplate }),
    weight: weightOf(attributes.get('weight')),
    attributes,
  }
}

function weightOf(text: string | undefined): number {
  if (text === undefined) return weightDefault
  const weight = Number(text)
  return text.trim() === '' || !Number.isFinite(weight) ? malformed(`weight ${text}`) : weight
}

function chooseByOf(attributes: ReadonlyMap<string, string>): readonly string[] {
  const text = attributes.get('choose_by') ?? attributes.get('chooseby')
  if (text === undefined) return chooseByDefault
  return text
    .split(',')
    .map(chooser => chooser.trim().toLowerCase())
    .filter(chooser => chooser !== '')
}

const declaration = /<\?xml[^?<>]*\?>/y
const blank = /(?:\s+|<!--[\s\S]*?-->)*/y
const attribute = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y
const tagEnd = /\s*(\/?)>/y

interface OpenTag {
  readonly attributes: ReadonlyMap<string, string>
  /** `<location/>` */
  readonly isEmpty: boolean
}

/** Walks through the text with sticky patterns, each of which reads forward only. */
function makeScanner(xml: string) {
  let at = 0

  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at
    const match = pattern.exec(xml) ?? undefined
    if (match !== undefined) at = pattern.lastIndex
    return match
  }

  function takeText(text: string): boolean {
    if (!xml.startsWith(text, at)) return false
    at += text.length
    return true
  }

  function takeAttributes(): ReadonlyMap<string, string> {
    const attributes = new Map<string, string>()
    for (let match = take(attribute); match !== undefined; match = take(attribute)) {
      const name = (match[1] as string).toLowerCase()
      if (attributes.has(name)) malformed(`${name} twice`)
      if (attributes.size === attributeCountMax) throw new MalformedBytes('limit', 'attributes')
      attributes.set(name, unescapeXml(match[2] ?? (match[3] as string)))
    }
    return attributes
  }

  return {
    skip: take,
    skipBlank: () => take(blank),
    isAtEnd: () => at === xml.length,
    openTag(name: string): OpenTag {
      take(blank)
      if (!takeText(`<${name}`)) malformed(`expected <${name}>`)
      const attributes = takeAttributes()
      const end = take(tagEnd) ?? malformed(`<${name}> does not end`)
      return { attributes, isEmpty: end[1] === '/' }
    },
    closeTag(name: string): boolean {
      take(blank)
      return takeText(`</${name}`) && (take(tagEnd) !== undefined || malformed(`</${name}`))
    },
  }
}

const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function unescapeXml(text: string): string {
  return text.replace(/&([^;&]{0,10};)?/g, (_, entity: string | undefined) => {
    const name = entity?.slice(0, -1) ?? ''
    const digits = /^#(?:x([\da-f]+)|(\d+))$/i.exec(name)
    if (digits === null) return entities.get(name) ?? malformed('unknown entity')
    return characterOf(digits[1] ? Number.parseInt(digits[1], 16) : Number(digits[2]))
  })
}

/** Half a surrogate pair is no character, and nobody could percent-encode it in a link. */
function characterOf(codePoint: number): string {
  const isCharacter = codePoint < 0xd800 || (codePoint > 0xdfff && codePoint <= 0x10ffff)
  return isCharacter ? String.fromCodePoint(codePoint) : malformed('unknown character')
}

function malformed(detail: string): never {
  throw new MalformedBytes('value', `10320/loc: ${detail}`)
}
