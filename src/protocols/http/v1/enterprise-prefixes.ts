import { Type } from 'typebox'
import { type HoldingState, holdingStates } from '../../../model/holding.ts'
import type { HttpApp } from '../app.ts'
import { serialTag } from '../etag.ts'
import type { HttpParts } from '../parts.ts'
import {
  changeHeaders,
  closed,
  codeSchema,
  createHeaders,
  instantSchema,
  json,
  listOf,
  oneOf,
  pageOf,
  pageQuery,
  prefixTextSchema,
  responses,
  systemSchema,
} from '../schemas.ts'
import {
  claimToJson,
  despiteSchema,
  evidenceSchema,
  historyToJson,
  holdingIdSchema,
  holdingSchema,
  sitesSchema,
  storySchema,
  usesSchema,
} from './holding-schemas.ts'
import { writeRequestOf } from './write-request.ts'

const pattern = '/v1/enterprises/:code/prefixes'
const params = closed({ code: codeSchema })
const oneParams = closed({ code: codeSchema, id: holdingIdSchema })

/** What a list shows unless it is asked for more: what is in force, and what may come to be. */
const openStates: readonly HoldingState[] = ['awaiting', 'planned', 'active']

/** What an enterprise holds in all identifier systems (编码映射, AII/002 §3). */
export function enterprisePrefixRoutes(app: HttpApp, { mapping }: HttpParts): void {
  const { holdings } = mapping

  app.get(
    pattern,
    {
      config: { action: 'holding.list' },
      schema: {
        operationId: 'listHoldings',
        summary: 'The prefixes an enterprise holds, and its claims that wait',
        tags: ['mapping'],
        params,
        querystring: closed({
          state: Type.Optional(
            Type.Array(oneOf(holdingStates), {
              description: 'repeatable; by default awaiting, planned and active',
            }),
          ),
          ...pageQuery,
        }),
        response: responses(
          { 200: json('a page', listOf(holdingSchema)) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
        ),
      },
    },
    async ({ params, query, caller }) => {
      const { state = [], ...page } = query
      const states = state.length === 0 ? openStates : state
      return holdings.list(params.code, states, pageOf(page), caller)
    },
  )

  app.post(
    pattern,
    {
      config: { action: 'holding.create' },
      schema: {
        operationId: 'createHolding',
        summary: 'Claim a prefix, or ask for a new one; an operator’s word puts it in force',
        tags: ['mapping'],
        params,
        querystring: closed({}),
        headers: createHeaders,
        body: closed({
          system: Type.Optional(systemSchema),
          prefix: Type.Optional(prefixTextSchema),
          for: Type.Optional(usesSchema),
          site: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
          contact: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
          sites: Type.Optional(sitesSchema),
          validFrom: Type.Optional(instantSchema),
          validTo: Type.Optional(instantSchema),
          evidence: Type.Optional(evidenceSchema),
          note: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
          despite: Type.Optional(despiteSchema),
        }),
        response: responses(
          { 201: json('in force, to begin, or waiting for a decision', holdingSchema) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
          'ALREADY_EXISTS',
          'STATE_CONFLICT',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { code } = request.params
      const holding = await holdings.create(code, request.body, writeRequestOf(request))
      const path = `/v1/enterprises/${encodeURIComponent(code)}/prefixes/${holding.id}`
      reply.code(201).header('Location', path).header('ETag', serialTag(holding.serial))
      return holding
    },
  )

  app.get(
    `${pattern}/:id`,
    {
      config: { action: 'holding.list' },
      schema: {
        operationId: 'readHolding',
        summary: 'A holding or claim, who is in its way, and who has held the prefix',
        tags: ['mapping'],
        params: oneParams,
        querystring: closed({}),
        response: responses(
          { 200: json('the holding', storySchema) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
        ),
      },
    },
    async ({ params: { code, id }, caller }, reply) => {
      const { history, ...claim } = await holdings.read(code, id, caller)
      reply.header('ETag', serialTag(claim.holding.serial))
      return { ...claimToJson(claim), history: historyToJson(history) }
    },
  )

  app.delete(
    `${pattern}/:id`,
    {
      config: { action: 'holding.end' },
      schema: {
        operationId: 'endHolding',
        summary: 'Take a claim back, or give a prefix up',
        tags: ['mapping'],
        params: oneParams,
        querystring: closed({}),
        headers: changeHeaders,
        response: responses(
          { 200: json('withdrawn or ended', holdingSchema) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
          'STATE_CONFLICT',
          'IDEMPOTENCY_MISMATCH',
          'VERSION_STALE',
        ),
      },
    },
    async (request, reply) => {
      const { code, id } = request.params
      const holding = await holdings.end(code, id, writeRequestOf(request))
      reply.header('ETag', serialTag(holding.serial))
      return holding
    },
  )
}
