import type { FastifyRequest } from 'fastify'
import { anyone } from '../../../model/caller.ts'
import { isUnknown } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { Answer } from '../../../resolver/parts.ts'
import type { ResolveLimits } from '../limits.ts'
import { type LinkContext, linksOf } from '../linkset/links-of.ts'
import { pagePath } from '../pages/links.ts'
import type { HttpParts } from '../parts.ts'
import { asksPastCaches } from '../v1/resolve.ts'
import { findLevels } from './levels.ts'
import { isDigitalLinkPath } from './primary-keys.ts'

const everything = { types: [], indexes: [] }

/** The links that anyone may see of a GS1 key and its qualifiers. */
export interface Gs1Links {
  /**
   * The links of each level that is known, the most particular first. There is a default link among them.
   * @throws Failure as the resolver, and `TOO_MANY`
   */
  find(
    asker: Pick<FastifyRequest, 'address' | 'headers'>,
    asked: Identifier,
  ): Promise<readonly LinkContext[]>
  /** The Digital Link of a normal form on this node. */
  anchorOf(text: string): string
}

export function makeGs1Links(parts: HttpParts, limits: ResolveLimits): Gs1Links {
  const { resolver, levelsAbove, directory, publicUrl } = parts

  function anchorOf(text: string): string {
    return `${publicUrl()}/${text}`
  }

  /** Who of the owner's code was suspended or revoked is sent to no page of theirs: ours says so first. */
  function isInForce({ code }: Answer): boolean {
    const owner = code === null ? undefined : directory.subjectByCode(code)
    return owner === undefined || owner.status === 'active'
  }

  /** Owners write the URL of their label into the record: to follow it would be to go in circles. */
  function leadsBack(href: string): boolean {
    const { origin, pathname } = new URL(href)
    return origin === publicUrl() && isDigitalLinkPath(pathname)
  }

  return {
    anchorOf,

    async find({ address, headers }, asked) {
      const identifiers = [asked, ...levelsAbove(asked)]
      limits.demand(address, identifiers.length)
      limits.demandLookUp(address, anyone, asked)
      const fresh = asksPastCaches(headers)
      try {
        const levels = await findLevels(identifiers, async identifier => {
          const question = { identifier, caller: anyone, filter: everything, fresh }
          return (await resolver.resolve(question)).answer
        })
        return levels.map(({ identifier, answer }, place) =>
          linksOf(answer, anchorOf(identifier.text), {
            mayFollow: href => isInForce(answer) && !leadsBack(href),
            // Of what was scanned, with its lot and serial number; and only where no level has a page.
            otherwise: place === levels.length - 1 ? publicUrl() + pagePath(asked) : undefined,
          }),
        )
      } catch (error) {
        if (isUnknown(error)) limits.countUnknown(address, anyone, asked)
        throw error
      }
    },
  }
}
