import type { Answer } from '../../../resolver/parts.ts'
import { pagePath } from '../pages/links.ts'
import type { HttpParts } from '../parts.ts'
import { linkHeader } from './link-header.ts'
import { type LinkContext, linksOf, mayHaveLinks } from './links-of.ts'
import { encodeLinkset } from './linkset-json.ts'

/** The links of whole answers, for `/v1/resolve` and `/r/`. */
export interface AnswerLinks {
  /** The `Link` header of an answer, made once for each; undefined where it has no links. */
  header(answer: Answer): string | undefined
  linkset(answer: Answer): Buffer
}

export function makeAnswerLinks({ publicUrl }: Pick<HttpParts, 'publicUrl'>): AnswerLinks {
  // An answer that is kept is the same object until something of it changes.
  const headers = new WeakMap<Answer, string>()

  function contextOf(answer: Answer): LinkContext {
    const { system, identifier: text } = answer
    return linksOf(answer, publicUrl() + pagePath({ system, text }))
  }

  return {
    header(answer) {
      const known = headers.get(answer)
      if (known !== undefined) return known === '' ? undefined : known
      const url = `${publicUrl()}/v1/resolve/${encodeURIComponent(answer.identifier)}`
      const header = mayHaveLinks(answer) ? linkHeader(url, contextOf(answer)) : ''
      headers.set(answer, header)
      return header === '' ? undefined : header
    },

    linkset: answer => encodeLinkset([contextOf(answer)], false),
  }
}
