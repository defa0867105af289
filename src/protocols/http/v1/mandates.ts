import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { say } from '../../../model/text.ts'
import type { Mandate, MandateView } from '../../../registry/mandates.ts'
import type { HttpApp } from '../app.ts'
import { serialTag } from '../etag.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  changeHeaders,
  closed,
  createHeaders,
  instantSchema,
  json,
  listOf,
  oneOf,
  orNull,
  pageOf,
  pageQuery,
  responses,
  wordsOf,
} from '../schemas.ts'
import { kindSchema as applicationKindSchema } from './application-schemas.ts'
import { writeRequestOf } from './write-request.ts'

const step = (name: string) => `/v1/mandates/:id([^:]+)::${name}`
/** An id that holds a colon is no id of ours, and its path no path of a step. */
const colonProblem = 'METHOD_UNKNOWN'

const idSchema = Type.String({ minLength: 1, maxLength: 64 })
const params = closed({ id: idSchema })
const usccSchema = Type.String({
  minLength: 18,
  maxLength: 60,
  description: 'the credit code of the enterprise',
})
const members = {
  name: Type.String({ minLength: 1, maxLength: 200, description: 'of the enterprise' }),
  scope: Type.Array(applicationKindSchema, { minItems: 1, maxItems: 2 }),
  until: instantSchema,
}
const documentSchema = Type.String({ minLength: 1, maxLength: 128, description: 'a file’s id' })

const mandateSchema = closed({
  id: idSchema,
  state: oneOf(wordsOf<Mandate['state']>({ proposed: true, confirmed: true, ended: true })),
  serial: Type.Integer(),
  agent: Type.String(),
  ...members,
  document: orNull(documentSchema),
  confirmedBy: orNull(Type.String()),
  claimant: orNull(Type.String({ description: 'the client that has spoken for the enterprise' })),
  claimConfirmedBy: orNull(Type.String({ description: 'who vouches that it may' })),
  endedBy: orNull(Type.String()),
  createdAt: instantSchema,
  updatedAt: instantSchema,
})

const stepProblems = [
  'NOT_PERMITTED',
  'ROUTE_UNKNOWN',
  'STATE_CONFLICT',
  'IDEMPOTENCY_MISMATCH',
  'VERSION_STALE',
  'TOO_LARGE',
] as const

/** Filing for somebody else: an enterprise's word for its agent. */
export function mandateRoutes(app: HttpApp, { mandates }: HttpParts): void {
  app.post(
    '/v1/mandates',
    {
      config: { action: 'mandate.create' },
      schema: {
        operationId: 'createMandate',
        summary: 'Say whom one is to file for; it holds once it is confirmed',
        tags: ['mandates'],
        headers: createHeaders,
        querystring: closed({}),
        body: closed({ uscc: usccSchema, ...members, document: Type.Optional(documentSchema) }),
        response: responses(
          { 201: json('proposed', mandateSchema) },
          'NOT_PERMITTED',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const mandate = await mandates.create(request.body, writeRequestOf(request))
      reply.code(201).header('Location', `/v1/mandates/${mandate.id}`)
      return sendMandate(reply, mandate)
    },
  )

  app.get(
    '/v1/mandates',
    {
      config: { action: 'mandate.list' },
      schema: {
        operationId: 'listMandates',
        summary: 'The mandates one is a party to; of a reviewer those that wait for one, too',
        tags: ['mandates'],
        querystring: closed(pageQuery),
        response: responses({ 200: json('a page', listOf(mandateSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => mandates.list(request.caller, pageOf(request.query)),
  )

  app.get(
    '/v1/mandates/:id',
    {
      config: { action: 'mandate.read' },
      schema: {
        operationId: 'readMandate',
        summary: 'A mandate',
        tags: ['mandates'],
        params,
        querystring: closed({}),
        response: responses(
          { 200: json('the mandate', mandateSchema) },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async (request, reply) =>
      sendMandate(reply, found(await mandates.read(request.params.id, request.caller))),
  )

  app.post(
    step('confirm'),
    {
      config: { action: 'mandate.confirm' },
      schema: {
        operationId: 'confirmMandate',
        summary: 'Confirm a mandate: the enterprise with its credit code, or a reviewer',
        tags: ['mandates'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        body: orNull(closed({ uscc: Type.Optional(usccSchema) })),
        response: responses(
          { 200: json('confirmed', mandateSchema) },
          ...stepProblems,
          colonProblem,
        ),
      },
    },
    async (request, reply) => {
      const { uscc } = request.body ?? {}
      const { id } = request.params
      return sendMandate(reply, found(await mandates.confirm(id, uscc, writeRequestOf(request))))
    },
  )

  app.post(
    step('end'),
    {
      config: { action: 'mandate.end' },
      schema: {
        operationId: 'endMandate',
        summary: 'End a mandate, for good',
        tags: ['mandates'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        response: responses({ 200: json('ended', mandateSchema) }, ...stepProblems, colonProblem),
      },
    },
    async (request, reply) =>
      sendMandate(reply, found(await mandates.end(request.params.id, writeRequestOf(request)))),
  )
}

function found(mandate: MandateView | undefined): MandateView {
  if (mandate !== undefined) return mandate
  throw new WireFailure('ROUTE_UNKNOWN', say('没有此委托', 'there is no such mandate'))
}

function sendMandate(reply: FastifyReply, mandate: MandateView): FastifyReply {
  return reply.header('ETag', serialTag(mandate.serial)).send(mandate)
}
