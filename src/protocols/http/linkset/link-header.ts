import type { LinkContext } from './links-of.ts'
import { linksetMediaType } from './linkset-json.ts'

/** What a `Link` header lists beside the way to all links. */
const linksMax = 8
/** Proxies take headers of 4 to 8 KB, all together. */
const linksCharsMax = 2_048

/** How a link set that GS1 describes is read as JSON-LD (GS1-Conformant Resolver 1.2 §2.10). */
export const linksetContext =
  '<https://ref.gs1.org/standards/resolver/linkset-context>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'

/** The way to all links (RFC 9264 §6). */
export function linkToLinkset(url: string): string {
  return `<${url}>; rel="linkset"; type="${linksetMediaType}"`
}

/** A `Link` header (RFC 8288 §3): the way to the link set, then its first links, as many as fit. */
export function linkHeader(linksetUrl: string, { links }: LinkContext): string {
  let header = linkToLinkset(linksetUrl)
  for (const link of links.slice(0, linksMax)) {
    const next = `${header}, ${printLink(link)}`
    if (next.length > linksCharsMax) break
    header = next
  }
  return header
}

function printLink({
  rel,
  href,
  title,
  type,
  hreflang = [],
}: LinkContext['links'][number]): string {
  return [
    // An address as the URL standard writes it holds no angle bracket and no quote, and so does a relation.
    `<${href}>`,
    `rel="${rel}"`,
    ...(type === undefined ? [] : [`type="${type}"`]),
    ...hreflang.map(tag => `hreflang="${tag}"`),
    printTitle(title),
  ].join('; ')
}

function printTitle(title: string): string {
  return /^[ !#-[\]-~]*$/.test(title)
    ? `title="${title}"`
    : `title*=UTF-8''${encodeAttribute(title)}`
}

/** RFC 8187 §3.2.1: what `encodeURIComponent` leaves and the grammar does not. */
function encodeAttribute(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    symbol => `%${symbol.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
