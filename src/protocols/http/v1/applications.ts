import { Type } from 'typebox'
import type { Caller } from '../../../model/caller.ts'
import { say } from '../../../model/text.ts'
import type { ApplicationState } from '../../../registry/applications/states.ts'
import type { HttpApp } from '../app.ts'
import { isNotModified, serialTag } from '../etag.ts'
import { languageOf } from '../language.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  changeHeaders,
  closed,
  createHeaders,
  json,
  listOf,
  oneOf,
  orNull,
  pageOf,
  pageQuery,
  responses,
} from '../schemas.ts'
import { detailToJson, sendView, viewToJson } from './application-json.ts'
import {
  basicSchema,
  commentsSchema,
  detailSchema,
  inputMembers,
  kindSchema,
  params,
  placementSchema,
  states,
  summarySchema,
  textSchema,
  viewSchema,
} from './application-schemas.ts'
import { writeRequestOf } from './write-request.ts'

/** What a reviewer's queue holds. */
const undecided = ['submitted', 'reviewing'] as const

/** A path of one application that does something with it. */
const step = (name: string) => `/v1/applications/:id([^:]+)::${name}`
/** An id that holds a colon is no id of ours, and its path no path of a step. */
const colonProblem = 'METHOD_UNKNOWN'

const stepProblems = [
  'NOT_PERMITTED',
  'ROUTE_UNKNOWN',
  'STATE_CONFLICT',
  'ALREADY_EXISTS',
  'IDEMPOTENCY_MISMATCH',
  'VERSION_STALE',
  'TOO_LARGE',
] as const

/** Asking for a code or a change, and deciding on it. */
export function applicationRoutes(
  app: HttpApp,
  { applications, review, filingLists }: HttpParts,
): void {
  app.post(
    '/v1/applications',
    {
      config: { action: 'application.create' },
      schema: {
        operationId: 'createApplication',
        summary: 'Apply for a code, or for a change of basic information',
        tags: ['applications'],
        headers: createHeaders,
        querystring: closed({}),
        body: closed({
          basic: basicSchema,
          kind: Type.Optional(kindSchema),
          submit: Type.Optional(Type.Boolean({ description: 'and hand it in at once' })),
          ...inputMembers,
        }),
        response: responses(
          { 201: json('filed', viewSchema) },
          'NOT_PERMITTED',
          'CONSENT_MISSING',
          'CODE_MISSING',
          'ALREADY_EXISTS',
          'STATE_CONFLICT',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const view = await applications.create(request.body, writeRequestOf(request))
      reply.code(201).header('Location', `/v1/applications/${view.id}`)
      return sendView(reply, view, languageOf(request.headers['accept-language']))
    },
  )

  app.get(
    '/v1/applications',
    {
      config: { action: 'application.list' },
      schema: {
        operationId: 'listApplications',
        summary: 'One’s own applications; of a reviewer the queue, by deadline',
        tags: ['applications'],
        querystring: closed({
          state: Type.Optional(oneOf(states)),
          reviewer: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          ...pageQuery,
        }),
        response: responses({ 200: json('a page', listOf(summarySchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { state, reviewer, ...page } = request.query
      const { caller } = request
      const filter = { states: statesFor(caller, state), reviewer, ...ownOnly(caller) }
      return filingLists.applications(filter, pageOf(page))
    },
  )

  app.get(
    '/v1/applications/:id',
    {
      config: { action: 'application.read' },
      schema: {
        operationId: 'readApplication',
        summary: 'An application, with its history',
        tags: ['applications'],
        params,
        querystring: closed({}),
        response: responses(
          {
            200: json('the application', detailSchema),
            304: { description: 'unchanged', type: 'null' },
          },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async (request, reply) => {
      const { caller, headers } = request
      const detail = found(await applications.read(request.params.id, caller))
      const tag = serialTag(detail.serial)
      reply.header('ETag', tag).header('Cache-Control', 'private, no-cache')
      if (isNotModified(headers['if-none-match'], tag)) return reply.code(304).send()
      const language = languageOf(headers['accept-language'])
      return { ...viewToJson(detail, language), ...detailToJson(detail, caller) }
    },
  )

  app.patch(
    '/v1/applications/:id',
    {
      config: { action: 'application.edit' },
      schema: {
        operationId: 'patchApplication',
        summary: 'Fill in a draft, or mend what was returned (RFC 7396)',
        tags: ['applications'],
        consumes: ['application/merge-patch+json', 'application/json'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        body: closed({ basic: Type.Optional(basicSchema), ...inputMembers }),
        response: responses(
          { 200: json('filled in', viewSchema) },
          'CONSENT_MISSING',
          ...stepProblems,
        ),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const view = await applications.edit(id, request.body, writeRequestOf(request))
      return sendView(reply, found(view), languageOf(request.headers['accept-language']))
    },
  )

  app.post(
    step('submit'),
    {
      config: { action: 'application.edit' },
      schema: {
        operationId: 'submitApplication',
        summary: 'Hand an application in',
        tags: ['applications'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        response: responses({ 200: json('submitted', viewSchema) }, ...stepProblems, colonProblem),
      },
    },
    async (request, reply) => {
      const view = await applications.submit(request.params.id, writeRequestOf(request))
      return sendView(reply, found(view), languageOf(request.headers['accept-language']))
    },
  )

  app.post(
    step('withdraw'),
    {
      config: { action: 'application.edit' },
      schema: {
        operationId: 'withdrawApplication',
        summary: 'Take an application back, for good',
        tags: ['applications'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        response: responses({ 200: json('withdrawn', viewSchema) }, ...stepProblems, colonProblem),
      },
    },
    async (request, reply) => {
      const view = await applications.withdraw(request.params.id, writeRequestOf(request))
      return sendView(reply, found(view), languageOf(request.headers['accept-language']))
    },
  )

  app.post(
    step('assign'),
    {
      config: { action: 'application.decide' },
      schema: {
        operationId: 'assignApplication',
        summary: 'Take an application to review, or give it to another reviewer',
        tags: ['applications'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        body: orNull(
          closed({ reviewer: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) }),
        ),
        response: responses({ 200: json('assigned', viewSchema) }, ...stepProblems, colonProblem),
      },
    },
    async (request, reply) => {
      const { reviewer } = request.body ?? {}
      const view = await review.assign(request.params.id, reviewer, writeRequestOf(request))
      return sendView(reply, found(view), languageOf(request.headers['accept-language']))
    },
  )

  app.post(
    step('decide'),
    {
      config: { action: 'application.decide' },
      schema: {
        operationId: 'decideApplication',
        summary: 'Approve, return with comments, or reject',
        tags: ['applications'],
        params,
        querystring: closed({}),
        headers: changeHeaders,
        body: closed({
          decision: oneOf(['approve', 'return', 'reject'] as const),
          comments: Type.Optional(commentsSchema),
          note: Type.Optional(textSchema),
          subject: Type.Optional(placementSchema),
        }),
        response: responses({ 200: json('decided', viewSchema) }, ...stepProblems, colonProblem),
      },
    },
    async (request, reply) => {
      const view = await review.decide(request.params.id, request.body, writeRequestOf(request))
      return sendView(reply, found(view), languageOf(request.headers['accept-language']))
    },
  )
}

function statesFor({ role }: Caller, asked: ApplicationState | undefined) {
  if (asked === undefined) return role === 'reviewer' ? undecided : states
  return [asked]
}

function ownOnly({ id, role, subject }: Caller) {
  return role === 'reviewer' ? {} : { of: { client: id, subject } }
}

function found<View>(view: View | undefined): View {
  if (view !== undefined) return view
  throw new WireFailure('ROUTE_UNKNOWN', say('没有此申请', 'there is no such application'))
}
