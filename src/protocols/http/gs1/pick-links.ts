import { expandRelation } from '../../../model/link.ts'
import { chooseLinks, type LinkWishes, wishedLinks } from '../linkset/choose-links.ts'
import {
  defaultLinkRelation,
  defaultLinksRelation,
  type LinkContext,
  type TitledLink,
} from '../linkset/links-of.ts'

/**
 * The links that a request means, of the most particular level that has any of their kind: of the link type asked for
 * those that suit best, else the default link (GS1-Conformant Resolver 1.2 §2.6). Several suit alike, and only the asker
 * can tell.
 * @param contexts the most particular first
 * @param linkType as it was asked for; undefined: the default
 * @returns undefined where there is no such link
 */
export function pickLinks(
  contexts: readonly LinkContext[],
  linkType: string | undefined,
  wishes: LinkWishes,
): LinkContext | undefined {
  if (linkType !== undefined) {
    const ofType = linksOfType(contexts, expandRelation(linkType))
    return ofType && { ...ofType, links: chooseLinks(ofType.links, wishes) }
  }
  const byDefault = contexts.find(({ links }) => links.some(isDefault))
  if (byDefault === undefined) return undefined
  const several = byDefault.links.filter(({ rel }) => rel === defaultLinksRelation)
  const wished = chooseLinks(wishedLinks(several, wishes), wishes)
  return { ...byDefault, links: wished.length > 0 ? wished : byDefault.links.filter(isDefault) }
}

function isDefault({ rel }: TitledLink): boolean {
  return rel === defaultLinkRelation
}

function linksOfType(contexts: readonly LinkContext[], rel: string): LinkContext | undefined {
  for (const context of contexts) {
    const links = context.links.filter(link => link.rel === rel)
    if (links.length > 0) return { ...context, links }
  }
  return undefined
}
