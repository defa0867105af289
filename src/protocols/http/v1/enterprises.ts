import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import { prefixUses } from '../../../model/prefix.ts'
import { subjectStatuses } from '../../../model/subject.ts'
import type { EnterpriseView, StatusReason } from '../../../registry/enterprises.ts'
import type { HttpApp } from '../app.ts'
import type { ResolveLimits } from '../limits.ts'
import type { HttpParts } from '../parts.ts'
import {
  changeHeaders,
  closed,
  codeSchema,
  instantSchema,
  json,
  oneOf,
  orNull,
  responses,
  systemSchema,
} from '../schemas.ts'
import { placementSchema } from './application-schemas.ts'
import { writeRequestOf } from './write-request.ts'

const params = closed({ code: codeSchema })
const enterpriseSchema = closed({
  code: Type.String(),
  name: Type.String(),
  status: oneOf(subjectStatuses),
  successor: orNull(Type.String()),
  reason: orNull(Type.String({ description: 'why it is not active' })),
  region: orNull(Type.String({ description: 'GB/T 2260' })),
  industry: orNull(Type.String({ description: 'GB/T 4754' })),
  prefixes: Type.Array(
    closed({
      system: systemSchema,
      prefix: Type.String(),
      for: Type.Array(oneOf(prefixUses)),
    }),
  ),
  grade: Type.Optional(orNull(Type.String())),
  basic: Type.Optional(
    Type.Object(
      {},
      { additionalProperties: true, description: 'table 1; for the subject itself and reviewers' },
    ),
  ),
  basicSince: Type.Optional(orNull(instantSchema)),
})

const reasonSchema = closed({
  reason: Type.String({ minLength: 1, maxLength: 500 }),
  successor: Type.Optional(codeSchema),
})

const writeProblems = [
  'IDENTIFIER_MALFORMED',
  'IDENTIFIER_UNKNOWN',
  'NOT_PERMITTED',
  'STATE_CONFLICT',
  'IDEMPOTENCY_MISMATCH',
  'VERSION_STALE',
  'TOO_LARGE',
] as const

/** Subjects by their code: who they are, and what becomes of them. */
export function enterpriseRoutes(
  app: HttpApp,
  { enterprises, names }: HttpParts,
  limits: ResolveLimits,
): void {
  app.get(
    '/v1/enterprises/:code',
    {
      config: { action: 'enterprise.read' },
      schema: {
        operationId: 'readEnterprise',
        summary:
          'The card of an enterprise: for anyone what is public, more for itself and reviewers',
        tags: ['enterprises'],
        params,
        querystring: closed({}),
        response: responses(
          { 200: json('the enterprise', enterpriseSchema) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
        ),
      },
    },
    async request => enterpriseToJson(await readCard(request, request.params.code)),
  )

  app.patch(
    '/v1/enterprises/:code',
    {
      config: { action: 'enterprise.decide' },
      schema: {
        operationId: 'placeEnterprise',
        summary: 'Correct region, industry or grade',
        tags: ['enterprises'],
        consumes: ['application/merge-patch+json', 'application/json'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        body: placementSchema,
        response: responses({ 200: json('corrected', enterpriseSchema) }, ...writeProblems),
      },
    },
    async request => {
      const { code } = request.params
      await enterprises.place(code, request.body, writeRequestOf(request))
      return enterpriseToJson(await enterprises.read(code, request.caller))
    },
  )

  turn('suspend', 'Suspend a code: it answers so until it is resumed')
  turn('resume', 'Resume a suspended code')
  turn('revoke', 'Revoke a code, for good')

  function turn(step: 'suspend' | 'resume' | 'revoke', summary: string): void {
    app.post(
      `/v1/enterprises/:code([^:]+)::${step}`,
      {
        config: { action: 'enterprise.decide' },
        schema: {
          operationId: `${step}Enterprise`,
          summary,
          tags: ['enterprises'],
          params,
          querystring: closed({}),
          headers: changeHeaders,
          body: reasonSchema,
          // A code that holds a colon is none, and its path no path of a step.
          response: responses(
            { 200: json('done', enterpriseSchema) },
            'METHOD_UNKNOWN',
            ...writeProblems,
          ),
        },
      },
      async request => {
        const { code } = request.params
        await enterprises[step](code, request.body as StatusReason, writeRequestOf(request))
        return enterpriseToJson(await enterprises.read(code, request.caller))
      },
    )
  }

  /** A look-up like any other: who guesses codes here is counted as who guesses by resolving. */
  async function readCard(
    { address, caller }: FastifyRequest,
    code: string,
  ): Promise<EnterpriseView> {
    limits.demand(address, 1)
    const identifier = names.parse(code, 'code')
    limits.demandLookUp(address, caller, identifier)
    try {
      return await enterprises.read(identifier.text, caller)
    } catch (error) {
      if (error instanceof Failure && error.code === 'IDENTIFIER_UNKNOWN') {
        limits.countUnknown(address, caller, identifier)
      }
      throw error
    }
  }
}

function enterpriseToJson({ prefixes, whole, ...card }: EnterpriseView) {
  return {
    ...card,
    prefixes: prefixes.map(({ system, prefix, uses }) => ({ system, prefix, for: uses })),
    ...whole,
  }
}
