import type { Link } from '../../../model/link.ts'
import { qualityOf } from '../language.ts'

/** What the asker's headers say about what they can use. */
export interface LinkWishes {
  readonly acceptLanguage: string | undefined
  readonly accept: string | undefined
}

/** Ranges of a header that are looked at; what comes after names nothing more that decides. */
const rangesMax = 32
/** Spoken where the asker says nothing. */
const ownLanguage = 'zh'

/**
 * The links that suit best: first those in the best language, of these the ones of the best media type. Where no
 * link has what is wished, those that promise nothing stay, else all of them. More than one is a choice that only the
 * asker can make (GS1-Conformant Resolver 1.2 §2.6.3).
 */
export function chooseLinks<L extends Link>(
  links: readonly L[],
  { acceptLanguage, accept }: LinkWishes,
): readonly L[] {
  const inLanguage =
    best(links, languagesOf, rangesOf(acceptLanguage), languageFits) ??
    without(links, languagesOf) ??
    best(links, languagesOf, [{ range: ownLanguage, quality: 1 }], languageFits) ??
    links
  return (
    best(inLanguage, typesOf, rangesOf(accept), mediaTypeFits) ??
    without(inLanguage, typesOf) ??
    inLanguage
  )
}

/** The links that were wished for in so many words: by their language where they have one, else by their media type. */
export function wishedLinks<L extends Link>(
  links: readonly L[],
  { acceptLanguage, accept = '*/*' }: LinkWishes,
): readonly L[] {
  const languages = rangesOf(acceptLanguage)
  const types = rangesOf(accept)
  const takesAll = /(?:^|,)\s*\*\/\*/.test(accept)
  return links.filter(link => {
    const isTypeWished = quality(typesOf(link), types, mediaTypeFits) > 0
    if (link.hreflang === undefined) return isTypeWished
    const isReadable = link.type === undefined || takesAll || isTypeWished
    return isReadable && quality(link.hreflang, languages, languageFits) > 0
  })
}

interface Range {
  readonly range: string
  readonly quality: number
}

type Fits = (has: string, range: string) => boolean

function languagesOf({ hreflang = [] }: Link): readonly string[] {
  return hreflang
}

function typesOf({ type }: Link): readonly string[] {
  return type === undefined ? [] : [type]
}

function best<L>(
  links: readonly L[],
  of: (link: L) => readonly string[],
  ranges: readonly Range[],
  fits: Fits,
): readonly L[] | undefined {
  const qualities = links.map(link => quality(of(link), ranges, fits))
  const most = Math.max(...qualities)
  return most > 0 ? links.filter((_, place) => qualities[place] === most) : undefined
}

function without<L>(
  links: readonly L[],
  of: (link: L) => readonly string[],
): readonly L[] | undefined {
  const silent = links.filter(link => of(link).length === 0)
  return silent.length > 0 ? silent : undefined
}

/** How much one of these is wished for: the most particular range that fits decides (RFC 9110 §12.4.2). */
function quality(has: readonly string[], ranges: readonly Range[], fits: Fits): number {
  return Math.max(
    0,
    ...has.map(one => {
      const fitting = ranges.filter(({ range }) => fits(one.toLowerCase(), range))
      return fitting.sort((a, b) => b.range.length - a.range.length)[0]?.quality ?? 0
    }),
  )
}

/** A wish for `zh-CN` is met by `zh`, and one for `zh` by `zh-CN` (RFC 4647 §3.3.1 and §3.4). */
function languageFits(tag: string, range: string): boolean {
  return tag === range || tag.startsWith(`${range}-`) || range.startsWith(`${tag}-`)
}

function mediaTypeFits(type: string, range: string): boolean {
  return range.endsWith('/*') ? type.startsWith(range.slice(0, -1)) : type === range
}

/** Without `*` and the like: who takes anything wishes for nothing. */
function rangesOf(header: string | undefined): readonly Range[] {
  if (header === undefined) return []
  return header
    .split(',', rangesMax)
    .map(text => text.split(';').map(part => part.trim().toLowerCase()))
    .map(([range = '', ...parameters]) => ({ range, quality: qualityOf(parameters) }))
    .filter(({ range }) => !range.startsWith('*'))
}
