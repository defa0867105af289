import { gs1Vocabulary, type Link, linkType, readLink, readWebTarget } from '../../../model/link.ts'
import type { Value } from '../../../model/value.ts'
import type { Answer } from '../../../resolver/parts.ts'

/** The links of one thing (a link context object of RFC 9264 §4.2.2). */
export interface LinkContext {
  /** The thing's own URL on this node. */
  readonly anchor: string
  /** What it is called. */
  readonly description: string
  /** The default link first, then in the order of the record. */
  readonly links: readonly TitledLink[]
}

/** GS1's resolvers title every link: one without a title has one here. */
export type TitledLink = Link & { readonly title: string }

export const defaultLinkRelation = `${gs1Vocabulary}defaultLink`
/** Default links of which the asker's language or media type chooses one. */
export const defaultLinksRelation = `${gs1Vocabulary}defaultLinkMulti`
const productPage = `${gs1Vocabulary}pip`

/** Of a default link that people are sent to. */
export interface DefaultRules {
  /** Whether the page that the record names may be followed without a word. */
  mayFollow(href: string): boolean
  /** Where it leads when no page of the record does; undefined: there is none then. */
  readonly otherwise: string | undefined
}

/**
 * The public links of an answer: its first `URL`, which is the default link, and its values of type `LINK`. A default
 * link has a title and nothing else, and is there again under a relation that says what it is (GS1-Conformant Resolver
 * 1.2 §2.5.8).
 * @param rules absent: the default link is what the record says
 */
export function linksOf(
  { kind, identifier, values }: Pick<Answer, 'kind' | 'identifier' | 'values'>,
  anchor: string,
  rules?: DefaultRules,
): LinkContext {
  const description = textsOf(values, 'NAME')[0] ?? identifier
  const written = textsOf(values, linkType).flatMap(text => readLink(text) ?? [])
  const named = written.filter(({ rel }) => rel !== defaultLinkRelation)
  const pages = [
    ...textsOf(values, 'URL').flatMap(text => readWebTarget(text) ?? []),
    ...written.filter(({ rel }) => rel === defaultLinkRelation).map(({ href }) => href),
  ]
  const page = pages.find(href => rules?.mayFollow(href) ?? true) ?? rules?.otherwise
  return {
    anchor,
    description,
    links: [
      ...defaultLinks(page, kind, description, named),
      ...named.map(link => ({ ...link, title: link.title ?? relationName(link.rel) })),
    ],
  }
}

/** Whether a record has anything to say here, without reading what. */
export function mayHaveLinks({ values }: Pick<Answer, 'values'>): boolean {
  return values.some(({ type }) => [linkType, 'URL'].includes(type.toUpperCase()))
}

/** The last word of a relation: `instructions` of `https://ref.gs1.org/voc/instructions`. */
export function relationName(rel: string): string {
  return /[^/#]+(?=[/#]?$)/.exec(rel)?.[0] ?? rel
}

function defaultLinks(
  href: string | undefined,
  kind: string,
  title: string,
  named: readonly Link[],
): readonly TitledLink[] {
  if (href === undefined) return []
  const first = { rel: defaultLinkRelation, href, title }
  const isDescribed = named.some(link => link.href === href && link.rel !== defaultLinksRelation)
  if (isDescribed) return [first]
  return [first, { rel: kind === 'product' ? productPage : 'describedby', href, title }]
}

function textsOf(values: readonly Value[], wanted: string): string[] {
  return values.flatMap(({ type, data }) =>
    type.toUpperCase() === wanted && data.format === 'string' ? [data.value] : [],
  )
}
