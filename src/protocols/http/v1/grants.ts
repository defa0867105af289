import { Type } from 'typebox'
import { say } from '../../../model/text.ts'
import type { GrantView } from '../../../registry/imports/grants.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  closed,
  createHeaders,
  instantSchema,
  json,
  listOf,
  orNull,
  pageOf,
  pageQuery,
  responses,
} from '../schemas.ts'
import { writeRequestOf } from './write-request.ts'

/** A grant names prefixes and fields; a thousand of them have some 20 KB. */
const jwsCharsMax = 131_072

const params = closed({ id: Type.String({ minLength: 1, maxLength: 128 }) })

const grantSchema = closed({
  id: Type.String(),
  source: Type.String({ description: 'the top-level node that may import' }),
  target: Type.String(),
  prefixes: Type.Array(Type.String()),
  tables: Type.Array(Type.String()),
  fields: Type.Record(Type.String(), Type.Array(Type.String()), {
    description: 'which fields of a table; one that is not named is granted whole',
  }),
  rows: Type.Integer({ description: 'how many rows it lets in altogether' }),
  rowsUsed: Type.Integer(),
  nbf: instantSchema,
  exp: instantSchema,
  signer: Type.String({ description: 'the key that signed it, by its kid' }),
  addedAt: instantSchema,
  addedBy: Type.String(),
  revokedAt: orNull(instantSchema),
  reason: orNull(Type.String()),
})

/** The top-level node's permissions to import; on the import port it brings them itself. */
export function grantRoutes(app: HttpApp, { imports: { grants } }: HttpParts): void {
  app.post(
    '/v1/grants',
    {
      config: { action: 'grant.create' },
      schema: {
        operationId: 'addGrant',
        summary: 'Add a grant of the top-level node, signed by it',
        tags: ['imports'],
        headers: createHeaders,
        querystring: closed({}),
        body: closed({
          grant: Type.String({
            minLength: 1,
            maxLength: jwsCharsMax,
            description: 'the JWS in compact form, whose key is one of import.keys',
          }),
        }),
        response: responses(
          { 201: json('added', grantSchema), 200: json('it was here already', grantSchema) },
          'NOT_PERMITTED',
          'ALREADY_EXISTS',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { grant, isNew } = await grants.add(request.body.grant, writeRequestOf(request))
      return reply
        .code(isNew ? 201 : 200)
        .header('Location', `/v1/grants/${encodeURIComponent(grant.id)}`)
        .send(grant)
    },
  )

  app.get(
    '/v1/grants',
    {
      config: { action: 'grant.list' },
      schema: {
        operationId: 'listGrants',
        summary: 'The grants of the top-level node, revoked ones too',
        tags: ['imports'],
        querystring: closed(pageQuery),
        response: responses({ 200: json('a page', listOf(grantSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async ({ query, caller }) => grants.list(pageOf(query), caller),
  )

  app.get(
    '/v1/grants/:id',
    {
      config: { action: 'grant.list' },
      schema: {
        operationId: 'readGrant',
        summary: 'A grant',
        tags: ['imports'],
        params,
        querystring: closed({}),
        response: responses(
          { 200: json('the grant', grantSchema) },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async ({ params: { id }, caller }) => found(await grants.read(id, caller)),
  )

  app.delete(
    '/v1/grants/:id',
    {
      config: { action: 'grant.revoke' },
      schema: {
        operationId: 'revokeGrant',
        summary: 'Revoke a grant: nothing more comes in under it, and what came stays',
        tags: ['imports'],
        params,
        headers: createHeaders,
        querystring: closed({
          reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
        }),
        response: responses(
          { 200: json('revoked', grantSchema) },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
          'IDEMPOTENCY_MISMATCH',
        ),
      },
    },
    async request => {
      const { reason = '' } = request.query
      return found(await grants.revoke(request.params.id, reason, writeRequestOf(request)))
    },
  )
}

function found(grant: GrantView | undefined): GrantView {
  if (grant !== undefined) return grant
  throw new WireFailure('ROUTE_UNKNOWN', say('没有此授权令', 'there is no such grant'))
}
