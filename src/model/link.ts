import { type Failure, invalid } from './failures.ts'
import { requireClean } from './safe-text.ts'
import { say, type Text } from './text.ts'

/** What a value of type {@link linkType} says: something on the web that is about the identified thing. */
export interface Link {
  /** A relation registered with IANA, or an absolute URI; GS1's always as `https://ref.gs1.org/voc/…`. */
  readonly rel: string
  /** An absolute http or https URL, ASCII. */
  readonly href: string
  readonly title?: string
  /** A media type without parameters. */
  readonly type?: string
  /** Language tags (RFC 5646). */
  readonly hreflang?: readonly string[]
}

/** The type of the values that are links; types are compared without case. */
export const linkType = 'LINK'

/** GS1's relations, `gs1:` in short (GS1 Web Vocabulary). */
export const gs1Vocabulary = 'https://ref.gs1.org/voc/'

/** Browsers and label software agree on URLs up to about this long. */
const hrefCharsMax = 2_000
const relCharsMax = 200
/** A button on a phone. */
const titleCharsMax = 200
/** A document in more languages than these has a page that lists them. */
const languagesMax = 16

/**
 * Reads `{"rel","href","title"?,"type"?,"hreflang"?:[]}`.
 * @param pointer of the text in the input
 * @throws Failure `INPUT_INVALID` that names the member and its rule
 */
export function parseLink(text: string, pointer = ''): Link {
  const fail = (rule: string, detail: Text) => invalid(pointer, `link.${rule}`, detail)
  const { rel, href, title, type, hreflang, ...others } = readObject(text, fail)
  if (Object.keys(others).length > 0) throw fail('members', members)
  return {
    rel: parseRelation(rel, fail),
    href: parseTarget(href, fail),
    ...(title === undefined ? {} : { title: parseTitle(title, fail) }),
    ...(type === undefined ? {} : { type: parseMediaType(type, fail) }),
    ...(hreflang === undefined ? {} : { hreflang: parseLanguages(hreflang, fail) }),
  }
}

/** The same where the text is a link; links that other rules than today's let in are none. */
export function readLink(text: string): Link | undefined {
  try {
    return parseLink(text)
  } catch {
    return undefined
  }
}

/** A relation as it is compared: `gs1:` written out, and GS1's other host names as the one. */
export function expandRelation(rel: string): string {
  return rel.replace(/^(?:gs1:|https?:\/\/(?:ref\.|www\.)?gs1\.org\/voc\/)/i, gs1Vocabulary)
}

/** A web address as it may be linked and redirected to; undefined for every other text. */
export function readWebTarget(text: string): string | undefined {
  // The parser of URLs would drop blanks and line ends, and leave something else than was looked at.
  if (text.length > hrefCharsMax || /[\s\\]/.test(text) || !/^https?:\/\//i.test(text))
    return undefined
  if (!URL.canParse(text)) return undefined
  const { href, username, password } = new URL(text)
  // A user name in front can be made to look like the host.
  return username === '' && password === '' ? href : undefined
}

type Fail = (rule: string, detail: Text) => Failure

function readObject(text: string, fail: Fail): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw fail('json', json)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('json', json)
  return value as Record<string, unknown>
}

function parseRelation(rel: unknown, fail: Fail): string {
  if (typeof rel !== 'string' || rel.length > relCharsMax) throw fail('rel', relation)
  const expanded = expandRelation(rel)
  // RFC 8288 §2.1.1 and §2.1.2: a registered name in lower case, or a URI.
  if (/^[a-z][a-z0-9.-]*$/.test(expanded) || readWebTarget(expanded) === expanded) return expanded
  throw fail('rel', relation)
}

function parseTarget(href: unknown, fail: Fail): string {
  const target = typeof href === 'string' ? readWebTarget(href) : undefined
  if (target === undefined) throw fail('href', address)
  return target
}

function parseTitle(title: unknown, fail: Fail): string {
  if (typeof title !== 'string' || title.trim() === '' || title.length > titleCharsMax) {
    throw fail('title', titleRule)
  }
  try {
    requireClean(title)
  } catch {
    throw fail('title', titleRule)
  }
  return title
}

function parseMediaType(type: unknown, fail: Fail): string {
  if (typeof type === 'string' && mediaType.test(type)) return type.toLowerCase()
  throw fail('type', typeRule)
}

/** RFC 6838 §4.2 */
const mediaType = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i

function parseLanguages(hreflang: unknown, fail: Fail): readonly string[] {
  if (!Array.isArray(hreflang) || hreflang.length === 0 || hreflang.length > languagesMax) {
    throw fail('hreflang', languages)
  }
  return hreflang.map(tag => {
    try {
      return Intl.getCanonicalLocales(String(tag))[0]!
    } catch {
      throw fail('hreflang', languages)
    }
  })
}

const json = say(
  '链接须为 JSON 对象：{"rel","href","title"?,"type"?,"hreflang"?}',
  'a link is a JSON object: {"rel","href","title"?,"type"?,"hreflang"?}',
)
const members = say(
  '链接只能有 rel、href、title、type、hreflang 这些成员',
  'a link has the members rel, href, title, type and hreflang, and no others',
)
const relation = say(
  'rel 须为已注册的关系名（如 describedby）、gs1: 开头的 GS1 链接类型，或 http(s) 网址',
  'rel is a registered relation such as describedby, a link type of GS1 such as gs1:pip, or an http(s) URI',
)
const address = say(
  `href 须为 http 或 https 网址，不含用户名，至多 ${hrefCharsMax} 个字符`,
  `href is an http or https URL without a user name, of at most ${hrefCharsMax} characters`,
)
const titleRule = say(
  `title 须为 1 至 ${titleCharsMax} 个可见字符`,
  `title has 1 to ${titleCharsMax} characters and no invisible ones`,
)
const typeRule = say(
  'type 须为不带参数的媒体类型，如 text/html',
  'type is a media type without parameters, such as text/html',
)
const languages = say(
  `hreflang 须为 1 至 ${languagesMax} 个语言标签的数组，如 ["zh"]`,
  `hreflang is an array of 1 to ${languagesMax} language tags, such as ["zh"]`,
)
