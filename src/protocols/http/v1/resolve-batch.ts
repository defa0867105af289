import { Type } from 'typebox'
import { batchMax, makeAnswerBatch } from '../answer-batch.ts'
import type { HttpApp } from '../app.ts'
import { languageOf } from '../language.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import { batchRoute } from '../metrics.ts'
import { formOf, mediaTypes } from '../negotiate.ts'
import type { HttpParts } from '../parts.ts'
import { closed, responses, shared } from '../schemas.ts'
import { asksPastCaches } from './resolve.ts'

/** `POST /v1/resolve:batch`: many questions, each with its answer or its problem. */
export function resolveBatchRoutes(app: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  const answerAll = makeAnswerBatch(parts, limits)
  app.post(
    batchRoute,
    {
      config: { action: 'resolve' },
      schema: {
        operationId: 'resolveBatch',
        summary: 'Many answers at once, in the order of the questions',
        tags: ['resolve'],
        body: closed({
          identifiers: Type.Array(Type.String(), { minItems: 1, maxItems: batchMax }),
        }),
        response: responses(
          {
            200: {
              description: 'an answer or a problem each',
              content: {
                'application/json': {
                  schema: closed({
                    answers: Type.Array(Type.Union([shared('Answer'), shared('Problem')])),
                  }),
                },
                'application/x-protobuf': { schema: { type: 'string', format: 'binary' } },
              },
            },
          },
          'TOO_LARGE',
        ),
      },
    },
    async ({ body, address, caller, headers }, reply) => {
      publishPolicy(reply, limits)
      const form = formOf(headers.accept)
      const fresh = asksPastCaches(headers)
      const language = languageOf(headers['accept-language'])
      const bytes = await answerAll({ address, caller, fresh, language }, body.identifiers, form)
      return reply.header('Content-Type', mediaTypes[form]).header('Vary', 'Accept').send(bytes)
    },
  )
}
