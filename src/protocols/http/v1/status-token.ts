import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import type { HttpApp } from '../app.ts'
import type { ResolveLimits } from '../limits.ts'
import type { HttpParts } from '../parts.ts'
import { closed, codeSchema, responses } from '../schemas.ts'

/** A signature costs as much as this many answers from memory. */
const tokenQuestions = 10

/** `GET /v1/enterprises/{code}/status-token`: whether a code is in force, signed. */
export function statusTokenRoutes(
  app: HttpApp,
  { names, directory, status, clock }: HttpParts,
  limits: ResolveLimits,
): void {
  app.get(
    '/v1/enterprises/:code/status-token',
    {
      config: { action: 'enterprise.read' },
      schema: {
        operationId: 'readStatusToken',
        summary: 'Whether a code is in force, signed for a minute; verified without a connection',
        tags: ['enterprises'],
        params: closed({ code: codeSchema }),
        querystring: closed({
          q: Type.Optional(
            Type.String({
              pattern: '^[\\w-]{1,43}$',
              description: 'a number of the asker’s, at most 32 bytes in base64url, given back',
            }),
          ),
        }),
        response: responses(
          {
            200: {
              description: 'a JWS of type qxm-status+jwt',
              content: { 'application/jwt': { schema: { type: 'string' } } },
            },
          },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
        ),
      },
    },
    async ({ params, query, address, caller }, reply) => {
      limits.demand(address, tokenQuestions)
      const identifier = names.parse(params.code, 'code')
      limits.demandLookUp(address, caller, identifier)
      const subject = directory.subjectByCode(identifier.text)
      if (subject === undefined) {
        limits.countUnknown(address, caller, identifier)
        throw new Failure('IDENTIFIER_UNKNOWN')
      }
      const token = await status.sign(subject, query.q, clock.now())
      return reply.type('application/jwt').send(Buffer.from(token))
    },
  )
}
