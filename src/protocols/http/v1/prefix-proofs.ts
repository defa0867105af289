import { Type } from 'typebox'
import { say } from '../../../model/text.ts'
import type { ProofView } from '../../../registry/prefix-proofs/prefix-proofs.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  closed,
  createHeaders,
  instantSchema,
  json,
  oneOf,
  orNull,
  prefixTextSchema,
  responses,
} from '../schemas.ts'
import { basicSchema, proofMethodSchema } from './application-schemas.ts'
import { writeRequestOf } from './write-request.ts'

const params = closed({ id: Type.String({ minLength: 1, maxLength: 64 }) })
/** RSA with 16 384 bits, in base64. */
const signatureCharsMax = 4_096

const proofSchema = closed({
  id: Type.String(),
  prefix: Type.String(),
  state: oneOf(['open', 'proven'] as const),
  until: Type.String({
    ...instantSchema,
    description: 'when it can no longer be answered or, once proven, filed',
  }),
  challenge: Type.Optional(
    closed({
      sign: Type.String({ description: 'to be signed as it stands, in UTF-8' }),
      token: closed({
        type: Type.String(),
        value: Type.String(),
        at: Type.Array(Type.String(), {
          description: 'one of these names is to have such a value',
        }),
      }),
    }),
  ),
  method: orNull(proofMethodSchema),
  key: orNull(Type.String({ description: 'the key that signed, `<index>:<handle>`' })),
  basic: basicSchema,
  missing: Type.Array(Type.String(), {
    description: 'required items of table 1 that the record does not say',
  }),
  application: orNull(Type.String()),
})

/** Registration through resolution: whoever holds a prefix in the identifier system shows it (AII/002 §5). */
export function prefixProofRoutes(app: HttpApp, { prefixProofs }: HttpParts): void {
  app.post(
    '/v1/prefix-proofs',
    {
      config: { action: 'prefixProof.create' },
      schema: {
        operationId: 'createPrefixProof',
        summary: 'Ask for a challenge by which to prove control of a Handle prefix',
        tags: ['applications'],
        headers: createHeaders,
        querystring: closed({}),
        body: closed({ prefix: prefixTextSchema }),
        response: responses(
          { 201: json('a challenge', proofSchema) },
          'NOT_PERMITTED',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const view = await prefixProofs.challenge(request.body.prefix, writeRequestOf(request))
      return reply.code(201).header('Location', `/v1/prefix-proofs/${view.id}`).send(view)
    },
  )

  app.get(
    '/v1/prefix-proofs/:id',
    {
      config: { action: 'prefixProof.answer' },
      schema: {
        operationId: 'readPrefixProof',
        summary: 'A challenge, and what became of it',
        tags: ['applications'],
        params,
        querystring: closed({}),
        response: responses(
          { 200: json('the challenge', proofSchema) },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async request => found(await prefixProofs.read(request.params.id, request.caller)),
  )

  app.post(
    '/v1/prefix-proofs/:id([^:]+)::answer',
    {
      config: { action: 'prefixProof.answer' },
      schema: {
        operationId: 'answerPrefixProof',
        summary:
          'Answer with a signature of the prefix’s administrator or, without one, by the token',
        tags: ['applications'],
        params,
        querystring: closed({}),
        body: orNull(
          closed({
            signature: Type.Optional(
              Type.String({
                pattern: '^[A-Za-z0-9+/_=-]+$',
                maxLength: signatureCharsMax,
                description: 'base64 or base64url; RSA PKCS #1 v1.5, DSA and SM2 as DER',
              }),
            ),
            hash: Type.Optional(oneOf(['SHA-256', 'SM3'] as const, 'default SHA-256')),
            key: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: 300,
                description: '`300:0.NA/88.118.9`; without it each administrator’s key is tried',
              }),
            ),
          }),
        ),
        response: responses(
          { 200: json('proven', proofSchema) },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
          'STATE_CONFLICT',
          'UPSTREAM_AWAY',
          'TOO_LARGE',
          // An id that holds a colon is no id of ours, and its path no path of a step.
          'METHOD_UNKNOWN',
        ),
      },
    },
    async request => {
      const { id } = request.params
      return found(await prefixProofs.answer(id, request.body ?? {}, request.caller))
    },
  )
}

function found(view: ProofView | undefined): ProofView {
  if (view !== undefined) return view
  throw new WireFailure('ROUTE_UNKNOWN', say('没有此前缀证明', 'there is no such prefix proof'))
}
