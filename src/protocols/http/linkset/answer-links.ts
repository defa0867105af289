import type { Answer } from '../../../resolver/parts.ts'
import type { Form } from '../negotiate.ts'
import { pagePath } from '../pages/links.ts'
import type { HttpParts } from '../parts.ts'
import { linkHeader, linkToLinkset } from './link-header.ts'
import { type LinkContext, linksOf, mayHaveLinks } from './links-of.ts'
import { encodeLinkset } from './linkset-json.ts'

/** The links of whole answers, for `/v1/resolve` and `/r/`. */
export interface AnswerLinks {
  /**
   * The `Link` header of an answer, made once for each; undefined where it has no links. Beside Protobuf it leads to all links
   * and repeats none: they are among the values, and it was asked for to be short.
   */
  header(answer: Answer, form: Form): string | undefined
  linkset(answer: Answer): Buffer
}

export function makeAnswerLinks({ publicUrl }: Pick<HttpParts, 'publicUrl'>): AnswerLinks {
  // An answer that is kept is the same object until something of it changes.
  const headers = new WeakMap<Answer, Readonly<Record<Form, string>> | null>()

  function contextOf(answer: Answer): LinkContext {
    const { system, identifier: text } = answer
    return linksOf(answer, publicUrl() + pagePath({ system, text }))
  }

  function headersOf(answer: Answer): Readonly<Record<Form, string>> | null {
    if (!mayHaveLinks(answer)) return null
    const url = `${publicUrl()}/v1/resolve/${encodeURIComponent(answer.identifier)}`
    return { json: linkHeader(url, contextOf(answer)), protobuf: linkToLinkset(url) }
  }

  return {
    header(answer, form) {
      const known = headers.get(answer)
      if (known !== undefined) return known?.[form]
      const made = headersOf(answer)
      headers.set(answer, made)
      return made?.[form]
    },

    linkset: answer => encodeLinkset([contextOf(answer)], false),
  }
}
