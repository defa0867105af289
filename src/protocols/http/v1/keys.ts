import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { keyStates, rotatedPurposes, shownPurposes } from '../../../crypto/key-store.ts'
import type { KeyRequest, KeyView } from '../../../registry/keys.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import {
  closed,
  createHeaders,
  instantSchema,
  json,
  listOf,
  oneOf,
  orNull,
  responses,
} from '../schemas.ts'
import { idempotencyOf } from './write-request.ts'

const keySchema = closed({
  purpose: oneOf(shownPurposes),
  prefix: orNull(Type.String({ description: 'of a code key, the prefix whose codes it makes' })),
  version: Type.Integer(),
  algorithm: Type.String(),
  state: oneOf(keyStates, 'active makes, retired reads, destroyed is gone'),
  leaked: Type.Boolean({ description: 'others may have it: what it made proves nothing' }),
  kcv: Type.String({ description: 'check value: tells keys apart without showing them' }),
  createdAt: instantSchema,
})

const purposeSchema = oneOf(rotatedPurposes)
/** A version is one of few digits; which there are is the store's to say. */
const versionSchema = Type.String({ pattern: '^[1-9][0-9]{0,5}$' })
const leakedSchema = Type.Optional(
  Type.Boolean({ description: 'others may have it: nothing it made is trusted any more' }),
)

const problems = [
  'NOT_PERMITTED',
  'IDENTIFIER_UNKNOWN',
  'STATE_CONFLICT',
  'IDEMPOTENCY_MISMATCH',
  'TOO_LARGE',
] as const

/** The node's keys: which there are, and changing them while it runs. None is ever shown. */
export function keyRoutes(app: HttpApp, { keys }: HttpParts): void {
  app.get(
    '/v1/keys',
    {
      config: { action: 'key.list' },
      schema: {
        operationId: 'listKeys',
        summary: 'The versions of the node’s keys, by their check values',
        tags: ['keys'],
        querystring: closed({}),
        response: responses({ 200: json('all of them', listOf(keySchema)) }, 'NOT_PERMITTED'),
      },
    },
    async ({ caller }) => ({ items: (await keys.list(caller)).map(keyToJson), next: null }),
  )

  app.post(
    '/v1/keys/:purpose([a-z]+)::rotate',
    {
      config: { action: 'key.rotate' },
      schema: {
        operationId: 'rotateKey',
        summary: 'Add a version of a key, which takes over; those before it go on reading',
        tags: ['keys'],
        params: closed({ purpose: purposeSchema }),
        querystring: closed({}),
        headers: createHeaders,
        body: closed({ algorithm: Type.Optional(oneOf(['sm4', 'aes-256'] as const)) }),
        response: responses({ 200: json('added', keySchema) }, 'METHOD_UNKNOWN', ...problems),
      },
    },
    async request => {
      const { params, body } = request
      return keyToJson(await keys.rotate(params.purpose, body.algorithm, keyRequestOf(request)))
    },
  )

  app.post(
    '/v1/keys/:purpose/:version([0-9]+)::retire',
    {
      config: { action: 'key.retire' },
      schema: {
        operationId: 'retireKey',
        summary: 'Retire a version of a key: from then on it only reads',
        tags: ['keys'],
        params: closed({ purpose: purposeSchema, version: versionSchema }),
        querystring: closed({}),
        headers: createHeaders,
        body: closed({ leaked: leakedSchema }),
        response: responses({ 200: json('retired', keySchema) }, 'METHOD_UNKNOWN', ...problems),
      },
    },
    async request => {
      const { purpose, version } = request.params
      const { leaked = false } = request.body
      const done = await keys.retire(purpose, Number(version), leaked, keyRequestOf(request))
      return keyToJson(done)
    },
  )

  app.post(
    '/v1/keys/:purpose/:version([0-9]+)::destroy',
    {
      config: { action: 'key.destroy' },
      schema: {
        operationId: 'destroyKey',
        summary: 'Destroy a retired version of a key, for good: codes made with it answer no more',
        tags: ['keys'],
        params: closed({ purpose: purposeSchema, version: versionSchema }),
        querystring: closed({}),
        headers: createHeaders,
        body: closed({ confirm: Type.String({ description: 'its check value', maxLength: 16 }) }),
        response: responses({ 200: json('destroyed', keySchema) }, 'METHOD_UNKNOWN', ...problems),
      },
    },
    async request => {
      const { purpose, version } = request.params
      const { confirm } = request.body
      const done = await keys.destroy(purpose, Number(version), confirm, keyRequestOf(request))
      return keyToJson(done)
    },
  )
}

function keyRequestOf(request: FastifyRequest): KeyRequest {
  const idempotency = idempotencyOf(request)
  return { caller: request.caller, ...(idempotency === undefined ? {} : { idempotency }) }
}

function keyToJson({ purpose, scope, version, algorithm, state, leaked, kcv, createdAt }: KeyView) {
  const prefix = scope === '' ? null : scope
  const createdText = createdAt.toISOString()
  return { purpose, prefix, version, algorithm, state, leaked, kcv, createdAt: createdText }
}
