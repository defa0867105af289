import { Type } from 'typebox'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, instantSchema, json, listOf, pageOf, pageQuery, responses } from '../schemas.ts'

const rowSchema = closed({
  seq: Type.Integer(),
  id: Type.String(),
  at: instantSchema,
  actor: Type.String(),
  role: Type.String(),
  action: Type.String(),
  target: Type.String(),
  detail: Type.Object({}, { additionalProperties: true }),
  hash: Type.String({ description: 'the running hash after this row, hex' }),
})

/** `GET /v1/audit`: what was done, by whom, with the running hash that shows whether anything was changed since. */
export function auditRoutes(app: HttpApp, { audit }: HttpParts): void {
  app.get(
    '/v1/audit',
    {
      config: { action: 'audit.read' },
      schema: {
        operationId: 'readAudit',
        summary: 'The audit rows, in the order of their numbers',
        tags: ['audit'],
        querystring: closed({
          subject: Type.Optional(
            Type.String({ minLength: 1, maxLength: 1024, description: 'what was written' }),
          ),
          actor: Type.Optional(
            Type.String({ minLength: 1, maxLength: 255, description: 'who wrote' }),
          ),
          since: Type.Optional(instantSchema),
          ...pageQuery,
        }),
        response: responses({ 200: json('a page', listOf(rowSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { subject, actor, since, ...page } = request.query
      return audit.list({ subject, actor, since }, pageOf(page))
    },
  )
}
