import { Type } from 'typebox'
import { describeTable, describeTables } from '../../../schemas/describe.ts'
import { tableNames } from '../../../schemas/field.ts'
import { profileNames } from '../../../schemas/profiles.ts'
import type { HttpApp } from '../app.ts'
import { languageOf } from '../language.ts'
import { closed, json, oneOf, responses } from '../schemas.ts'

const profileQuery = closed({
  profile: Type.Optional(oneOf(profileNames, 'default production')),
})

const tableSchema = closed({
  name: oneOf(tableNames),
  zh: Type.String(),
  en: Type.String(),
  clause: Type.String({ description: 'of AII/002-2020' }),
  fields: Type.Array(
    closed({
      name: Type.String({ description: 'the code name' }),
      zh: Type.String(),
      en: Type.String(),
      type: oneOf(['char', 'number'] as const),
      required: Type.Boolean(),
      description: Type.String({ description: 'in the language of Accept-Language' }),
      clause: Type.String(),
      maxAgeSeconds: Type.Optional(
        Type.Integer({ description: 'how long a value counts as fresh; without it, always' }),
      ),
    }),
  ),
})

/** `GET /v1/schemas` and `/v1/schemas/{table}`: what the seven tables of the standard hold, machine readable. */
export function schemaRoutes(app: HttpApp): void {
  app.get(
    '/v1/schemas',
    {
      config: { action: 'public' },
      schema: {
        operationId: 'listSchemas',
        summary: 'The seven tables of the standard and their fields',
        tags: ['schemas'],
        querystring: profileQuery,
        response: responses({
          200: json('the tables', closed({ tables: Type.Array(tableSchema) })),
        }),
      },
    },
    async (request, reply) => {
      const language = languageOf(request.headers['accept-language'])
      reply.header('Content-Language', language)
      return describeTables(request.query.profile ?? 'production', language)
    },
  )

  app.get(
    '/v1/schemas/:table',
    {
      config: { action: 'public' },
      schema: {
        operationId: 'readSchema',
        summary: 'One table of the standard and its fields',
        tags: ['schemas'],
        params: closed({ table: oneOf(tableNames) }),
        querystring: profileQuery,
        response: responses({ 200: json('the table', tableSchema) }),
      },
    },
    async (request, reply) => {
      const language = languageOf(request.headers['accept-language'])
      reply.header('Content-Language', language)
      return describeTable(request.params.table, request.query.profile ?? 'production', language)
    },
  )
}
