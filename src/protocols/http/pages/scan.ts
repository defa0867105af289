import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { anyone } from '../../../model/caller.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { HttpApp } from '../app.ts'
import { contentTag, isNotModified } from '../etag.ts'
import { languageOf } from '../language.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import { makeAnswerLinks } from '../linkset/answer-links.ts'
import { codeRoute, scanRoute } from '../metrics.ts'
import type { HttpParts } from '../parts.ts'
import { type FailureAsPage, makeReplyProblem } from '../reply-problem.ts'
import { closed, responses, shared } from '../schemas.ts'
import { identifierIn } from '../url-text.ts'
import { makeAnswering } from '../v1/resolve.ts'
import { answerPage } from './answer-page.ts'
import { failurePage } from './failure-page.ts'
import { pageHeaders, writePage } from './page.ts'
import { wantsPage } from './wants-page.ts'

/** A suspended code is seen as suspended by whoever looks a minute later. */
const pageSeconds = 60

const everything = { types: [], indexes: [] }

/**
 * `GET /r/{identifier}` and `GET /C/{prefix}/{code}`: what a scanned label opens. People get a page, programs what
 * `/v1/resolve` says. Parameters that chats and scanners hang onto a link mean nothing.
 */
export function scanRoutes(scope: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  const { resolve, send } = makeAnswering(parts, limits)
  const links = makeAnswerLinks(parts)
  scope.setErrorHandler(makeReplyProblem(parts, makeFailureAsPage(parts, identifierAt)))
  const answers = responses(
    {
      200: {
        description: 'the answer; of a delegated prefix a referral',
        content: {
          'text/html': { schema: { type: 'string' } },
          'application/json': { schema: shared('Answer') },
          'application/x-protobuf': { schema: { type: 'string', format: 'binary' } },
          'application/linkset+json': { schema: shared('Linkset') },
        },
      },
      304: { description: 'what If-None-Match names still holds', type: 'null' },
    },
    'IDENTIFIER_MALFORMED',
    'IDENTIFIER_UNKNOWN',
    'PREFIX_UNKNOWN',
    'IDENTIFIER_GONE',
    'UPSTREAM_AWAY',
  )

  scope.get(
    scanRoute,
    {
      config: { action: 'resolve' },
      schema: {
        operationId: 'scanIdentifier',
        summary: 'What a label of any identifier opens: a page where Accept names text/html',
        tags: ['scan'],
        response: answers,
      },
    },
    async (request, reply) => answer(request, reply, identifierAt(request.raw.url ?? '')),
  )
  scope.get(
    codeRoute,
    {
      config: { action: 'resolve' },
      schema: {
        operationId: 'scanCode',
        summary: 'What the label of an enterprise code opens: a page where Accept names text/html',
        tags: ['scan'],
        params: closed({ prefix: Type.String(), code: Type.String() }),
        response: answers,
      },
    },
    async (request, reply) => answer(request, reply, identifierAt(request.raw.url ?? '')),
  )

  async function answer(request: FastifyRequest, reply: FastifyReply, asked: string) {
    publishPolicy(reply, limits)
    if (wantsPage(request.headers.accept)) return answerWithPage(request, reply, asked)
    return send(request, reply, asked, await resolve(request, asked, everything))
  }

  /** The page is everybody's: it shows what anyone may see, whoever asks. */
  async function answerWithPage(
    { address, headers }: FastifyRequest,
    reply: FastifyReply,
    asked: string,
  ): Promise<FastifyReply> {
    const { answer } = await resolve({ address, headers, caller: anyone }, asked, everything)
    const language = languageOf(headers['accept-language'])
    const owner = answer.code === null ? undefined : parts.directory.subjectByCode(answer.code)
    const page = answerPage({
      answer,
      asked: parts.names.parse(asked),
      owner,
      reason: owner === undefined ? undefined : await parts.whyNotInForce(owner),
      isDemo: owner !== undefined && parts.isDemoCode(owner.code),
      read: text => read(parts, text),
      language,
    })
    const bytes = writePage(page)
    const tag = contentTag(bytes)
    reply.headers({
      ...pageHeaders(language),
      'Cache-Control': answer.stale === true ? 'no-cache' : `public, max-age=${pageSeconds}`,
      ETag: tag,
    })
    const link = links.header(answer, 'json')
    if (link !== undefined) reply.header('Link', link)
    return isNotModified(headers['if-none-match'], tag) ? reply.code(304).send() : reply.send(bytes)
  }
}

/**
 * Failures as pages, for who reads pages.
 * @param identifierAt what of a path names the thing; throws where it is no text
 */
export function makeFailureAsPage(
  parts: HttpParts,
  identifierAt: (url: string) => string,
): FailureAsPage {
  return (failure, { headers, raw }, retryAfterSeconds) => {
    if (!wantsPage(headers.accept)) return undefined
    const language = languageOf(headers['accept-language'])
    const page = failurePage({
      failure,
      asked: readable(() => identifierAt(raw.url ?? '')),
      codePrefix: parts.codePrefix,
      read: text => read(parts, text),
      retryAfterSeconds,
      language,
    })
    return { headers: pageHeaders(language), bytes: writePage(page) }
  }
}

/** What follows the first segment, `/r/` or `/C/`. @throws Failure `IDENTIFIER_MALFORMED` */
function identifierAt(url: string): string {
  return identifierIn(url, url.indexOf('/', 1) + 1)
}

/** A text where it can be read; else nothing. */
function readable(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function read({ names }: Pick<HttpParts, 'names'>, text: string): Identifier | undefined {
  try {
    return names.parse(text)
  } catch {
    return undefined
  }
}
