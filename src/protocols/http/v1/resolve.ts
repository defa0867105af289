import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { anyone } from '../../../model/caller.ts'
import { isUnknown } from '../../../model/failures.ts'
import { valueIndexMax } from '../../../model/value.ts'
import type { ValueFilter } from '../../../resolver/filter.ts'
import type { Resolution } from '../../../resolver/resolve.ts'
import type { TraceStep } from '../../../resolver/trace.ts'
import { answerToJson } from '../answer-json.ts'
import type { ToldStep } from '../answer-protobuf.ts'
import type { HttpApp } from '../app.ts'
import { answerTag, isNotModified } from '../etag.ts'
import { languageOf } from '../language.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import { makeAnswerLinks } from '../linkset/answer-links.ts'
import { linksetContext } from '../linkset/link-header.ts'
import { resolveRoute } from '../metrics.ts'
import { type AnswerForm, answerFormOf, formOf } from '../negotiate.ts'
import type { HttpParts } from '../parts.ts'
import { replyHeaders } from '../resolve-reply.ts'
import { closed, oneOf, responses, shared } from '../schemas.ts'
import { identifierIn } from '../url-text.ts'

/** Filters of one question; a record has no more types than that which anybody reads at once. */
const filtersMax = 64

const querySchema = closed({
  type: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
      maxItems: filtersMax,
      description: 'values of these types',
    }),
  ),
  index: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: valueIndexMax }), {
      maxItems: filtersMax,
      description: 'values with these indexes',
    }),
  ),
  trace: Type.Optional(oneOf(['0', '1'] as const, '1: explains the answer')),
  recurse: Type.Optional(
    oneOf(
      ['0', '1'] as const,
      '1: asks a delegated site where this node can; else the answer names it',
    ),
  ),
})

/** `GET /v1/resolve/{identifier}`, for everything that `resolve-fast.ts` leaves. */
export function resolveRoutes(app: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  const { resolve, send } = makeAnswering(parts, limits)
  app.get(
    resolveRoute,
    {
      config: { action: 'resolve' },
      schema: {
        operationId: 'resolve',
        summary: 'The answer to an identifier of any system in any spelling',
        tags: ['resolve'],
        querystring: querySchema,
        response: responses(
          {
            200: {
              description: 'the answer; of a delegated prefix a referral',
              content: {
                'application/json': { schema: shared('Answer') },
                'application/x-protobuf': { schema: { type: 'string', format: 'binary' } },
                'application/linkset+json': { schema: shared('Linkset') },
              },
            },
            304: { description: 'the answer named by If-None-Match still holds', type: 'null' },
          },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'PREFIX_UNKNOWN',
          'IDENTIFIER_GONE',
          'UPSTREAM_AWAY',
        ),
      },
    },
    async (request, reply) => {
      publishPolicy(reply, limits)
      const asked = identifierIn(request.raw.url ?? '', resolveRoute.length - 1)
      const { type = [], index = [], trace, recurse } = request.query
      const steps: TraceStep[] | undefined = trace === '1' ? [] : undefined
      const filter = { types: type, indexes: index }
      const resolution = await resolve(request, asked, filter, steps, recurse === '1')
      return send(request, reply, asked, resolution, steps)
    },
  )
}

/** Asking and answering as `/v1/resolve` does, for every route that answers a question. */
export interface Answering {
  /** @throws Failure as the resolver, and `TOO_MANY` */
  resolve(
    asker: Pick<FastifyRequest, 'address' | 'caller' | 'headers'>,
    asked: string,
    filter: ValueFilter,
    steps?: TraceStep[],
    recurse?: boolean,
  ): Promise<Resolution>
  /** Replies with an answer in the form that the asker likes best. */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    asked: string,
    resolution: Resolution,
    steps?: readonly TraceStep[],
  ): FastifyReply
}

export function makeAnswering(parts: HttpParts, limits: ResolveLimits): Answering {
  const links = makeAnswerLinks(parts)

  async function resolve(
    { address, caller, headers }: Pick<FastifyRequest, 'address' | 'caller' | 'headers'>,
    asked: string,
    filter: ValueFilter,
    steps?: TraceStep[],
    recurse = false,
  ): Promise<Resolution> {
    limits.demand(address, 1)
    const identifier = parts.names.parse(asked)
    limits.demandLookUp(address, caller, identifier)
    try {
      return await parts.resolver.resolve({
        identifier,
        caller,
        filter,
        fresh: asksPastCaches(headers),
        recursionCount: recurse ? 0 : undefined,
        ...(steps === undefined
          ? {}
          : { trace: (step, text, facts = {}) => void steps.push({ step, text, facts }) }),
      })
    } catch (error) {
      if (isUnknown(error)) limits.countUnknown(address, caller, identifier)
      throw error
    }
  }

  function send(
    { headers, caller }: FastifyRequest,
    reply: FastifyReply,
    asked: string,
    resolution: Resolution,
    steps?: readonly TraceStep[],
  ): FastifyReply {
    // An explanation has no place in a link set.
    const form = steps === undefined ? answerFormOf(headers.accept) : formOf(headers.accept)
    const isPrivate = caller.role !== anyone.role
    const isRestricted = isPrivate && resolution.shared === undefined
    const variesByOrigin = !parts.corsOrigins().includes('*')
    const pairs = replyHeaders(resolution, {
      form,
      link: form === 'linkset' ? linksetContext : links.header(resolution.answer, form),
      isRestricted,
      isPrivate,
      variesByOrigin,
    })
    for (let i = 0; i + 1 < pairs.length; i += 2) reply.header(pairs[i] as string, pairs[i + 1])
    if (steps !== undefined) {
      // An explanation is of this moment.
      reply.removeHeader('ETag').header('Cache-Control', 'private, no-store')
      const trace = tell(steps, languageOf(headers['accept-language']))
      return reply.send(
        form === 'protobuf'
          ? parts.protobuf.encodeTraced(resolution.answer, asked, trace)
          : Buffer.from(JSON.stringify({ asked, ...answerToJson(resolution.answer), trace })),
      )
    }
    if (isNotModified(headers['if-none-match'], answerTag(resolution.etag, form, isRestricted))) {
      return reply.code(304).send()
    }
    return reply.send(bytesOf(resolution, form))
  }

  function bytesOf({ shared: entry, answer }: Resolution, form: AnswerForm): Buffer {
    if (form === 'linkset') return links.linkset(answer)
    if (entry !== undefined) return parts.resolver.bytes(entry, form)
    return form === 'protobuf'
      ? parts.protobuf.encode(answer)
      : Buffer.from(JSON.stringify(answerToJson(answer)))
  }

  return { resolve, send }
}

/** RFC 9111 §5.2.1.4, and what old clients say instead. */
export function asksPastCaches(headers: FastifyRequest['headers']): boolean {
  const { 'cache-control': cacheControl, pragma } = headers
  return /(?:^|[\s,])no-(?:cache|store)(?:$|[\s,])/i.test(cacheControl ?? pragma ?? '')
}

function tell(steps: readonly TraceStep[], language: 'zh' | 'en'): ToldStep[] {
  return steps.map(({ step, text, facts }) => ({ step, text: text[language], facts }))
}
