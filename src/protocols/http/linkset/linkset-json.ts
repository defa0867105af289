import type { LinkContext } from './links-of.ts'

/** RFC 9264 §4.2. */
export const linksetMediaType = 'application/linkset+json'

type Target = Readonly<Record<string, string | readonly string[]>>

/**
 * Contexts as the bytes of a link set.
 * @param isDescribed with what each thing is called, a member that GS1 adds to those of RFC 9264
 */
export function encodeLinkset(contexts: readonly LinkContext[], isDescribed: boolean): Buffer {
  const linkset = contexts.map(({ anchor, description, links }) => {
    const byRelation = new Map<string, Target[]>()
    for (const { rel, ...target } of links) {
      byRelation.set(rel, [...(byRelation.get(rel) ?? []), target])
    }
    return {
      anchor,
      ...(isDescribed ? { itemDescription: description } : {}),
      ...Object.fromEntries(byRelation),
    }
  })
  return Buffer.from(JSON.stringify({ linkset }))
}
