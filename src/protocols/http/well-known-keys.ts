import { Type } from 'typebox'
import type { HttpApp } from './app.ts'
import type { HttpParts } from './parts.ts'
import { closed, instantSchema, json, oneOf, orNull } from './schemas.ts'

/** A key is published for longer than this before it signs. */
const keptSeconds = 3_600

const keySchema = closed({
  kty: Type.String(),
  crv: Type.String(),
  x: Type.String(),
  kid: Type.String({ description: 'RFC 7638' }),
  alg: Type.String(),
  use: Type.Literal('sig'),
  purpose: Type.Literal('status', { description: 'what it signs: status tokens' }),
  state: oneOf(['next', 'current', 'former'] as const),
  validFrom: instantSchema,
  validUntil: orNull(instantSchema),
})

/** `GET /.well-known/qxm-keys.json`: the public keys of what the node signs, as a JWK set (RFC 7517 §5). */
export function wellKnownKeyRoutes(app: HttpApp, { status, publicUrl, clock }: HttpParts): void {
  app.get(
    '/.well-known/qxm-keys.json',
    {
      config: { action: 'public' },
      schema: {
        operationId: 'readKeys',
        summary: 'The public keys that signatures of this node are verified with',
        tags: ['node'],
        response: {
          200: json('a JWK set', closed({ issuer: Type.String(), keys: Type.Array(keySchema) })),
        },
      },
    },
    async (_request, reply) => {
      reply.header('Cache-Control', `public, max-age=${keptSeconds}`)
      const published = status.published(clock.now())
      return {
        issuer: publicUrl(),
        keys: published.map(({ jwk, kid, alg, state, validFrom, validUntil }) => ({
          ...jwk,
          kid,
          alg,
          use: 'sig',
          purpose: 'status',
          state,
          validFrom: validFrom.toISOString(),
          validUntil: validUntil?.toISOString() ?? null,
        })),
      }
    },
  )
}
