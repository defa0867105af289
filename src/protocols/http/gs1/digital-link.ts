import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { HttpApp } from '../app.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import { linkToLinkset } from '../linkset/link-header.ts'
import type { LinkContext } from '../linkset/links-of.ts'
import { answerFormOf } from '../negotiate.ts'
import { makeFailureAsPage } from '../pages/scan.ts'
import { wantsPage } from '../pages/wants-page.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import { makeReplyProblem } from '../reply-problem.ts'
import { json, responses, shared } from '../schemas.ts'
import { pathEnd } from '../url-text.ts'
import { describeResolver } from './description.ts'
import { makeGs1Links } from './find-links.ts'
import { pickLinks } from './pick-links.ts'
import { primaryKeys } from './primary-keys.ts'
import { sendLinks } from './send-links.ts'
import { withQuery } from './with-query.ts'

/** As pages: a suspended code is seen as suspended by whoever looks a minute later. */
const redirectSeconds = 60
const descriptionSeconds = 3_600

/** How a link set is asked for; `all` is what GS1 said before 2024. */
const linksetLinkTypes = ['linkset', 'all']

const methods = ['GET', 'HEAD', 'OPTIONS']
const config = { action: 'resolve', cors: { methods, preflightContinue: true } } as const

/**
 * GS1 Digital Link URIs at the root, as a GS1-conformant resolver answers them: who scans a label is sent on to one of the
 * record's links, and a program gets all of them. It is what anyone may see, whoever asks.
 */
export function digitalLinkRoutes(scope: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  const gs1Links = makeGs1Links(parts, limits)
  scope.setErrorHandler(makeReplyProblem(parts, makeFailureAsPage(parts, textAt)))

  for (const key of primaryKeys) {
    const schema = { ...digitalLinkSchema, hide: key !== '01' }
    scope.get(`/${key}/*`, { config, schema }, async (request, reply) => {
      publishPolicy(reply, limits)
      return answer(request, reply, parse(textAt(request.raw.url ?? '')))
    })
    scope.options(`/${key}/*`, { config, schema: { hide: true } }, async (request, reply) => {
      const { text } = parse(textAt(request.raw.url ?? ''))
      return reply
        .code(204)
        .headers({ Allow: methods.join(', '), Link: wayToLinks(text) })
        .send()
    })
  }

  scope.get(
    '/.well-known/gs1resolver',
    { config: { action: 'public' }, schema: descriptionSchema },
    async (_request, reply) => {
      reply.header('Cache-Control', `public, max-age=${descriptionSeconds}`)
      return describeResolver(parts.publicUrl(), parts.codePrefix)
    },
  )

  async function answer(request: FastifyRequest, reply: FastifyReply, asked: Identifier) {
    const contexts = await gs1Links.find(request, asked)
    const { accept, 'accept-language': acceptLanguage } = request.headers
    const linkType = linkTypeIn(request.query)
    reply.headers({
      'Cache-Control': `public, max-age=${redirectSeconds}`,
      Vary: parts.corsOrigins().includes('*') ? vary : `${vary}, Origin`,
      Link: wayToLinks(asked.text),
    })
    const asksForSet = !wantsPage(accept) && answerFormOf(accept) === 'linkset'
    if (asksForSet || linksetLinkTypes.includes(linkType ?? '')) {
      return sendLinks(request, reply, contexts)
    }
    const picked = pickLinks(contexts, linkType, { accept, acceptLanguage })
    if (picked === undefined) throw noSuchLink(contexts)
    const [link, ...others] = picked.links
    if (link === undefined || others.length > 0) {
      return sendLinks(request, reply.code(300), [picked])
    }
    const location = withQuery(link.href, queryOf(request.raw.url ?? ''))
    return reply.code(307).header('Location', location).send()
  }

  function wayToLinks(text: string): string {
    return linkToLinkset(`${gs1Links.anchorOf(text)}?linkType=linkset`)
  }

  function parse(text: string): Identifier {
    try {
      return parts.names.parse(text, 'gs1')
    } catch (error) {
      throw withRightUrl(error)
    }
  }

  /** Who has the parts in the wrong order is told the whole URL that would be right. */
  function withRightUrl(error: unknown): unknown {
    if (!(error instanceof Failure)) return error
    const { code, detail, errors, facts } = error
    const { canonical } = facts
    if (typeof canonical !== 'string') return error
    return new Failure(code, detail, {
      errors,
      facts: { ...facts, url: gs1Links.anchorOf(canonical) },
    })
  }
}

const vary = 'Accept, Accept-Language'

/** What follows the first slash: a Digital Link is decoded value by value, not as a whole. */
function textAt(url: string): string {
  return url.slice(1, pathEnd(url))
}

/** As it was sent, without its question mark. */
function queryOf(url: string): string {
  return url.slice(pathEnd(url) + 1).replace(/#.*$/s, '')
}

function linkTypeIn(query: unknown): string | undefined {
  const { linkType } = query as { readonly linkType?: unknown }
  const first: unknown = Array.isArray(linkType) ? linkType[0] : linkType
  return typeof first === 'string' && first !== '' ? first : undefined
}

function noSuchLink(contexts: readonly LinkContext[]): WireFailure {
  const linkTypes = new Set(contexts.flatMap(({ links }) => links.map(({ rel }) => rel)))
  return new WireFailure('LINK_UNKNOWN', undefined, { linkTypes: [...linkTypes] })
}

const links = { 'application/linkset+json': { schema: shared('Linkset') } }

const digitalLinkSchema = {
  operationId: 'digitalLink',
  summary: 'A GS1 Digital Link, of any primary key: to the link it asks for, or all of them',
  tags: ['scan'],
  response: responses(
    {
      200: {
        description:
          'the links of every level: linkType=linkset, or an Accept that names link sets',
        content: { ...links, 'text/html': { schema: { type: 'string' } } },
      },
      300: { description: 'links that suit alike', content: links },
      304: { description: 'what If-None-Match names still holds', type: 'null' },
      307: {
        description: 'the default link, or the one of linkType that suits best',
        type: 'null',
      },
    },
    'IDENTIFIER_MALFORMED',
    'IDENTIFIER_UNKNOWN',
    'PREFIX_UNKNOWN',
    'IDENTIFIER_GONE',
    'LINK_UNKNOWN',
    'UPSTREAM_AWAY',
  ),
}

const descriptionSchema = {
  operationId: 'describeGs1Resolver',
  summary: 'What this node is as a GS1 resolver',
  tags: ['scan'],
  response: {
    200: json(
      'the resolver description file',
      Type.Object({
        name: Type.String(),
        resolverRoot: Type.String({ format: 'uri' }),
        supportedPrimaryKeys: Type.Array(Type.String()),
      }),
    ),
  },
}
