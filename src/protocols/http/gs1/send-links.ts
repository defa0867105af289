import type { FastifyReply, FastifyRequest } from 'fastify'
import { contentTag, isNotModified } from '../etag.ts'
import { languageOf } from '../language.ts'
import { linksetContext } from '../linkset/link-header.ts'
import type { LinkContext } from '../linkset/links-of.ts'
import { encodeLinkset, linksetMediaType } from '../linkset/linkset-json.ts'
import { answerFormOf, mediaTypes } from '../negotiate.ts'
import { pageHeaders, writePage } from '../pages/page.ts'
import { wantsPage } from '../pages/wants-page.ts'
import { linksPage } from './links-page.ts'

/** Replies with links as a link set, or as a page to whoever reads pages. */
export function sendLinks(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  contexts: readonly LinkContext[],
): FastifyReply {
  const { accept, 'accept-language': acceptLanguage, 'if-none-match': ifNoneMatch } = headers
  const language = languageOf(acceptLanguage)
  const isPage = wantsPage(accept)
  const bytes = isPage ? writePage(linksPage(contexts, language)) : encodeLinkset(contexts, true)
  reply.headers(
    isPage
      ? pageHeaders(language)
      : { 'Content-Type': linksetTypeFor(accept), Link: linksetContext },
  )
  const tag = contentTag(bytes)
  reply.header('ETag', tag)
  const isKnown = reply.statusCode === 200 && isNotModified(ifNoneMatch, tag)
  return isKnown ? reply.code(304).send() : reply.send(bytes)
}

/** The same bytes are JSON, to who knows no link sets. */
function linksetTypeFor(accept = ''): string {
  const isPlain = answerFormOf(accept) !== 'linkset' && /application\/json/i.test(accept)
  return isPlain ? mediaTypes.json : linksetMediaType
}
