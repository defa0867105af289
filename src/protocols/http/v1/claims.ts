import { Type } from 'typebox'
import { aliasStandings } from '../../../model/record.ts'
import type { HttpApp } from '../app.ts'
import { serialTag } from '../etag.ts'
import type { HttpParts } from '../parts.ts'
import {
  changeHeaders,
  closed,
  identifierSchema,
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
  claimSchema,
  claimToJson,
  despiteSchema,
  evidenceSchema,
  holdingIdSchema,
  holdingSchema,
  sitesSchema,
} from './holding-schemas.ts'
import { writeRequestOf } from './write-request.ts'

const standingSchema = oneOf(aliasStandings)

/** What people decide about prefixes: claims with whoever is in their way, and aliases that no prefix vouches for. */
export function claimRoutes(app: HttpApp, { mapping }: HttpParts): void {
  const { holdings, aliasStanding } = mapping

  app.get(
    '/v1/mapping/claims',
    {
      config: { action: 'claim.list' },
      schema: {
        operationId: 'listClaims',
        summary: 'Claims of prefixes that wait for a decision, the oldest first, with both sides',
        tags: ['mapping'],
        querystring: closed({
          contested: Type.Optional(
            Type.Literal('1', { description: 'only those that overlap with what others hold' }),
          ),
          ...pageQuery,
        }),
        response: responses({ 200: json('a page', listOf(claimSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async ({ query: { contested, ...page }, caller }) => {
      const { items, next } = await holdings.claims(pageOf(page), caller)
      const shown = items.filter(({ conflicts }) => contested === undefined || conflicts.length > 0)
      return { items: shown.map(claimToJson), next }
    },
  )

  app.post(
    '/v1/mapping/claims/:id([^:]+)::decide',
    {
      config: { action: 'holding.decide' },
      schema: {
        operationId: 'decideClaim',
        summary: 'Approve or refuse a claim; despite others only where each of them is named',
        tags: ['mapping'],
        params: closed({ id: holdingIdSchema }),
        querystring: closed({}),
        headers: changeHeaders,
        body: closed({
          decision: oneOf(['approve', 'refuse'] as const),
          comment: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
          prefix: Type.Optional(prefixTextSchema),
          despite: Type.Optional(despiteSchema),
          sites: Type.Optional(sitesSchema),
          evidence: Type.Optional(evidenceSchema),
        }),
        response: responses(
          { 200: json('decided', holdingSchema) },
          'IDENTIFIER_UNKNOWN',
          'METHOD_UNKNOWN',
          'NOT_PERMITTED',
          'STATE_CONFLICT',
          'IDEMPOTENCY_MISMATCH',
          'VERSION_STALE',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const holding = await holdings.decide(id, request.body, writeRequestOf(request))
      reply.header('ETag', serialTag(holding.serial))
      return holding
    },
  )

  app.patch(
    '/v1/mapping/aliases',
    {
      config: { action: 'alias.stand' },
      schema: {
        operationId: 'standAlias',
        summary: 'Let an alias lead while nobody holds its prefix, or take that back',
        tags: ['mapping'],
        consumes: ['application/merge-patch+json', 'application/json'],
        querystring: closed({}),
        headers: changeHeaders,
        body: closed({
          identifier: identifierSchema,
          alias: identifierSchema,
          system: Type.Optional(systemSchema),
          standing: standingSchema,
        }),
        response: responses(
          {
            200: json(
              'so it stands',
              closed({
                identifier: Type.String(),
                aliases: Type.Array(
                  closed({
                    system: systemSchema,
                    identifier: Type.String(),
                    standing: standingSchema,
                  }),
                ),
                serial: Type.Integer(),
              }),
            ),
          },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
          'ALREADY_EXISTS',
          'IDEMPOTENCY_MISMATCH',
          'VERSION_STALE',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const record = await aliasStanding.set(request.body, writeRequestOf(request))
      const { identifier, aliases, serial } = record
      reply.header('ETag', serialTag(serial))
      return {
        identifier,
        aliases: aliases.map(({ system, text, standing }) => ({
          system,
          identifier: text,
          standing,
        })),
        serial,
      }
    },
  )
}
