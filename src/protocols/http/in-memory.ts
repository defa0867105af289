import type { UnknownCode } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import type { Peeked, Resolution } from '../../resolver/resolve.ts'
import { type AnswerHead, answerHead } from './answer-head.ts'
import { exposedHeaders } from './cors.ts'
import type { ResolveLimits } from './limits.ts'
import { makeAnswerLinks } from './linkset/answer-links.ts'
import type { Form } from './negotiate.ts'
import type { HttpParts } from './parts.ts'
import { replyHeaders } from './resolve-reply.ts'
import { identifierIn } from './url-text.ts'

/** A question that memory answers, for anyone: with the whole answer, or with that there is none. */
export type InMemory =
  | {
      readonly kind: 'answer'
      readonly identifier: Identifier
      readonly resolution: Peeked
    }
  | { readonly kind: 'unknown'; readonly identifier: Identifier; readonly code: UnknownCode }

/** What memory alone says to anyone: what both fast ways of answering are made of, so that they say the same. */
export function makeInMemory(
  { resolver, names, publicUrl }: Pick<HttpParts, 'resolver' | 'names' | 'publicUrl'>,
  limits: Pick<ResolveLimits, 'policy'>,
) {
  const links = makeAnswerLinks({ publicUrl })

  /** Names and values in turn, all but the length. */
  function headers(resolution: Resolution, form: Form): string[] {
    const headers = replyHeaders(resolution, {
      form,
      link: links.header(resolution.answer, form),
      isRestricted: false,
      isPrivate: false,
    })
    const policy = limits.policy()
    if (policy !== undefined) headers.push('RateLimit-Policy', policy)
    headers.push('Access-Control-Allow-Origin', '*')
    headers.push('Access-Control-Expose-Headers', exposedHeaders)
    return headers
  }

  return {
    headers,

    head: (resolution: Resolution, form: Form, length: number): AnswerHead =>
      answerHead([...headers(resolution, form), 'Content-Length', String(length)]),

    /**
     * @param text path and query of a request
     * @param start where the identifier begins in it
     * @returns undefined whenever anything else has to be done
     */
    find(text: string, start: number): InMemory | undefined {
      let identifier: Identifier
      try {
        identifier = names.parse(identifierIn(text, start))
      } catch {
        // The ordinary way says what is wrong with it.
        return undefined
      }
      const resolution = resolver.peek(identifier)
      if (resolution !== undefined) return { kind: 'answer', identifier, resolution }
      const code = resolver.peekUnknown(identifier)
      return code && { kind: 'unknown', identifier, code }
    },
  }
}
