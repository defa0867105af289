import { Type } from 'typebox'
import { say } from '../../../model/text.ts'
import type { HttpApp } from '../app.ts'
import type { ClientView, HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  closed,
  codeSchema,
  createHeaders,
  instantSchema,
  json,
  listOf,
  orNull,
  pageOf,
  pageQuery,
  prefixTextSchema,
  responses,
  roleSchema,
} from '../schemas.ts'
import { idempotencyOf } from './write-request.ts'

/** More than any client has; also what a check of its address walks. */
const listMax = 64

const members = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  role: roleSchema,
}
const prefixesSchema = Type.Array(prefixTextSchema, { maxItems: listMax })
const cidrsSchema = Type.Array(Type.String({ minLength: 2, maxLength: 64 }), { maxItems: listMax })
const idSchema = Type.String({ pattern: '^[0-9a-f]{8}$' })

/** One in use, one to come, and as many for a second site. */
const proofsMax = 4
const jwksSchema = closed({
  keys: Type.Array(
    Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: 'object',
      description: 'Ed25519 or P-256, the public half (RFC 7517)',
    }),
    { minItems: 1, maxItems: proofsMax },
  ),
})
const certificatesSchema = Type.Array(Type.String({ maxLength: 64 }), {
  maxItems: proofsMax,
  description: 'SHA-256 of each certificate (DER) in base64url: x5t#S256 of RFC 8705',
})

const clientSchema = closed({
  id: idSchema,
  ...members,
  subject: orNull(Type.String()),
  prefixes: prefixesSchema,
  cidrs: cidrsSchema,
  until: orNull(instantSchema),
  apiKey: Type.Boolean({ description: 'whether it has an API key' }),
  jwks: closed({ keys: Type.Array(Type.Object({}, { additionalProperties: true })) }),
  certificates: certificatesSchema,
  createdAt: instantSchema,
  revokedAt: orNull(instantSchema),
})

/** Machine credentials. An API key is shown once, to whom it is made for. */
export function clientRoutes(app: HttpApp, { clients }: HttpParts): void {
  app.post(
    '/v1/clients',
    {
      config: { action: 'client.create' },
      schema: {
        operationId: 'createClient',
        summary: 'Make a credential; the answer is the only place its key appears',
        tags: ['clients'],
        headers: createHeaders,
        body: closed({
          ...members,
          subject: Type.Optional(orNull(codeSchema)),
          prefixes: Type.Optional(prefixesSchema),
          cidrs: Type.Optional(cidrsSchema),
          until: Type.Optional(orNull(instantSchema)),
          jwks: Type.Optional(jwksSchema),
          certificates: Type.Optional(certificatesSchema),
          apiKey: Type.Optional(
            Type.Boolean({
              description: 'default true where there are neither jwks nor certificates',
            }),
          ),
        }),
        response: responses(
          {
            201: json(
              'made',
              closed({
                id: idSchema,
                key: orNull(Type.String({ description: 'null: it proves itself otherwise' })),
              }),
            ),
          },
          'NOT_PERMITTED',
          'ALREADY_EXISTS',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { subject = null, prefixes = [], cidrs = [], until = null, ...body } = request.body
      const { name, role, jwks, certificates, apiKey } = body
      const idempotency = idempotencyOf(request)
      const { id, key } = await clients.create(
        {
          name,
          role,
          subject,
          prefixes,
          cidrs,
          until,
          ...(jwks && { keys: jwks.keys }),
          ...(certificates && { certificates }),
          ...(apiKey !== undefined && { hasApiKey: apiKey }),
        },
        { caller: request.caller, ...(idempotency === undefined ? {} : { idempotency }) },
      )
      reply.code(201).header('Location', `/v1/clients/${id}`)
      return { id, key }
    },
  )

  app.get(
    '/v1/clients',
    {
      config: { action: 'client.list' },
      schema: {
        operationId: 'listClients',
        summary: 'The credentials there are, without their keys',
        tags: ['clients'],
        querystring: closed(pageQuery),
        response: responses({ 200: json('a page', listOf(clientSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { items, next } = await clients.list(pageOf(request.query))
      return { items: items.map(clientToJson), next }
    },
  )

  app.delete(
    '/v1/clients/:id',
    {
      config: { action: 'client.revoke' },
      schema: {
        operationId: 'revokeClient',
        summary: 'Revoke a credential, for good',
        tags: ['clients'],
        params: closed({ id: idSchema }),
        querystring: closed({}),
        response: responses(
          { 204: { description: 'revoked', type: 'null' } },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async (request, reply) => {
      const wasThere = await clients.revoke(request.params.id, request.caller)
      if (!wasThere)
        throw new WireFailure('ROUTE_UNKNOWN', say('没有此凭证', 'there is no such client'))
      return reply.code(204).send()
    },
  )
}

/** Member by member: what else the store knows of a client never gets out by accident. */
function clientToJson(client: ClientView) {
  const { id, name, role, subject, prefixes, cidrs, until, createdAt, revokedAt } = client
  const { hasApiKey: apiKey, certificates } = client
  const jwks = { keys: client.keys.map(({ jwk, kid, alg }) => ({ ...jwk, kid, alg })) }
  return {
    ...{ id, name, role, subject, prefixes, cidrs, until },
    ...{ apiKey, jwks, certificates, createdAt, revokedAt },
  }
}
