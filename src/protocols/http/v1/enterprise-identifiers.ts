import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import {
  closed,
  codeSchema,
  json,
  kindSchema,
  listOf,
  pageOf,
  pageQuery,
  recordSummarySchema,
  responses,
} from '../schemas.ts'

/** `GET /v1/enterprises/{code}/identifiers`: from a code to its products and equipment, under all its prefixes (AII/002 §3). */
export function enterpriseIdentifierRoutes(
  app: HttpApp,
  { directory, names, permissions, records }: HttpParts,
): void {
  app.get(
    '/v1/enterprises/:code/identifiers',
    {
      config: { action: 'enterprise.identifiers' },
      schema: {
        operationId: 'listEnterpriseIdentifiers',
        summary: 'The products and equipment of an enterprise, under all its prefixes',
        tags: ['enterprises'],
        params: closed({ code: codeSchema }),
        querystring: closed({ kind: Type.Optional(kindSchema), ...pageQuery }),
        response: responses(
          { 200: json('a page', listOf(recordSummarySchema)) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
        ),
      },
    },
    async request => {
      const { kind, ...page } = request.query
      const subject = directory.subjectByCode(names.parse(request.params.code, 'code').text)
      permissions.demand(request.caller, 'enterprise.identifiers', { subject: subject?.id ?? null })
      if (subject === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
      const { items, next } = await records.listOf(
        directory.prefixesOf(subject.id),
        kind,
        pageOf(page),
      )
      return {
        items: items.map(({ identifier, system, kind, serial, updatedAt }) => ({
          identifier,
          system,
          kind,
          serial,
          updatedAt,
        })),
        next,
      }
    },
  )
}
