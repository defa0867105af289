import type { FastifyReply, FastifyRequest } from 'fastify'
import { Failure, malformed } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { languageOf } from './language.ts'
import type { HttpParts } from './parts.ts'
import { problemMediaType, problemOf, retryAfterOf, WireFailure } from './problem.ts'
import { pathEnd } from './url-text.ts'

export type ReplyProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** A failure told to people. @returns undefined for who reads problem documents */
export type FailureAsPage = (
  failure: Failure | WireFailure,
  request: FastifyRequest,
  retryAfterSeconds: number | undefined,
) => { readonly headers: Readonly<Record<string, string>>; readonly bytes: Buffer } | undefined

/**
 * Answers whatever was thrown as a problem document, and logs what is our own mistake, once.
 * @param asPage for routes that people open in a browser
 */
export function makeReplyProblem(
  { publicUrl, log }: Pick<HttpParts, 'publicUrl' | 'log'>,
  asPage: FailureAsPage = () => undefined,
): ReplyProblem {
  return function replyProblem(error, request, reply) {
    const failure = failureOf(error, request)
    if (failure.code === 'INTERNAL') {
      log.error(
        { err: error, requestId: request.id, route: request.routeOptions.url },
        'request failed',
      )
    }
    const language = languageOf(request.headers['accept-language'])
    const instance = request.raw.url?.slice(0, pathEnd(request.raw.url)) ?? '/'
    const problem = problemOf(failure, { language, publicUrl: publicUrl(), instance })
    const retryAfter = retryAfterOf(failure)
    if (retryAfter !== undefined) reply.header('Retry-After', retryAfter)
    if (problem.status === 429) {
      const limit = request.routeOptions.config?.action === 'resolve' ? 'resolve' : 'write'
      reply.header('RateLimit', `"${limit}";r=0;t=${retryAfter}`)
    }
    if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer realm="qxm"')
    const page = asPage(failure, request, retryAfter)
    reply
      .code(problem.status)
      .headers({
        'Content-Type': problemMediaType,
        'Content-Language': language,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        'X-Request-Id': request.id,
        ...page?.headers,
      })
      // As bytes, so that no serializer of a route looks at it.
      .send(page?.bytes ?? Buffer.from(JSON.stringify(problem)))
  }
}

/** What the framework refuses, in our words; what nobody foresaw stays inside. */
function failureOf(error: unknown, request: FastifyRequest): Failure | WireFailure {
  if (error instanceof Failure || error instanceof WireFailure) return error
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Failure('TOO_LARGE')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new WireFailure('MEDIA_TYPE_UNKNOWN')
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new WireFailure('URL_TOO_LONG')
    case 'FST_ERR_BAD_URL':
      return badUrl(request)
    default:
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new WireFailure('REQUEST_MALFORMED')
        : new WireFailure('INTERNAL')
  }
}

function badUrl({ raw }: FastifyRequest): Failure {
  const detail = say(
    '路径中的百分号编码不是 UTF-8 文本',
    'the percent-encoding of the path is no UTF-8 text',
  )
  if (/^\/v1\/(?:resolve|identifiers)\//.test(raw.url ?? ''))
    return malformed('url.encoding', detail)
  return new Failure('INPUT_INVALID', detail, {
    errors: [{ pointer: '', rule: 'url.encoding', detail }],
  })
}
