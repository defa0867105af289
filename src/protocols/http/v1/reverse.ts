import { Type } from 'typebox'
import { invalid } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import {
  closed,
  json,
  listOf,
  orNull,
  pageOf,
  pageQuery,
  prefixTextSchema,
  responses,
} from '../schemas.ts'

const hitSchema = closed({
  identifier: Type.String(),
  code: orNull(Type.String()),
  via: Type.String({ description: 'the type of the value that led there, or `prefix`' }),
})

/** `GET /v1/reverse`: from a public value, or a prefix, back to identifiers. */
export function reverseRoutes(app: HttpApp, parts: HttpParts): void {
  app.get(
    '/v1/reverse',
    {
      config: { action: 'reverse' },
      schema: {
        operationId: 'reverse',
        summary:
          'From a public value or a prefix back to identifiers; exactly one of value and prefix',
        tags: ['resolve'],
        querystring: closed({
          value: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
          prefix: Type.Optional(prefixTextSchema),
          ...pageQuery,
        }),
        response: responses({ 200: json('a page', listOf(hitSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { value, prefix, ...page } = request.query
      return parts.reverse.find(questionOf(value, prefix), request.caller, pageOf(page))
    },
  )

  function questionOf(value: string | undefined, prefix: string | undefined) {
    if (value !== undefined && prefix === undefined) return { value }
    if (prefix !== undefined && value === undefined) return parts.prefixKeys.parse(prefix)
    throw invalid(
      '',
      'reverse.one',
      say('须给出 value 或 prefix 之一', 'give either value or prefix'),
    )
  }
}
