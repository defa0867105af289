import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { AccountState } from '../../../access/accounts.ts'
import { say } from '../../../model/text.ts'
import type { AccountView } from '../../../registry/people/account-rows.ts'
import type { AccountRequest } from '../../../registry/people/accounts.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  closed,
  codeSchema,
  createHeaders,
  instantSchema,
  json,
  listOf,
  oneOf,
  orNull,
  pageOf,
  pageQuery,
  responses,
  roleSchema,
  wordsOf,
} from '../schemas.ts'
import { setupLinkSchema, setupLinkToJson } from './setup-link.ts'
import { idempotencyOf } from './write-request.ts'

const idSchema = Type.String({ pattern: '^[0-9a-f]{16}$' })
const params = closed({ id: idSchema })
const step = (name: string) => `/v1/accounts/:id([^:]+)::${name}`
const usernameSchema = Type.String({ minLength: 1, maxLength: 64 })

const accountSchema = closed({
  id: idSchema,
  username: usernameSchema,
  role: roleSchema,
  subject: orNull(codeSchema),
  state: oneOf(wordsOf<AccountState>({ invited: true, active: true, disabled: true })),
  createdAt: instantSchema,
})

/** People who may log in: made, disabled and reset by operators; each begins with a link of their own. */
export function accountRoutes(
  app: HttpApp,
  { people, directory, publicUrl }: Pick<HttpParts, 'people' | 'directory' | 'publicUrl'>,
): void {
  const { accounts, lists } = people

  app.post(
    '/v1/accounts',
    {
      config: { action: 'account.create' },
      schema: {
        operationId: 'createAccount',
        summary: 'Make an account; the answer is the only place its setup link appears',
        tags: ['people'],
        headers: createHeaders,
        body: closed({
          username: usernameSchema,
          role: roleSchema,
          subject: Type.Optional(orNull(codeSchema)),
        }),
        response: responses(
          { 201: json('made', closed({ id: idSchema, setup: setupLinkSchema })) },
          'NOT_PERMITTED',
          'ALREADY_EXISTS',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { username, role, subject = null } = request.body
      const { id, link } = await accounts.create({ username, role, subject }, requestOf(request))
      reply.code(201).header('Location', `/v1/accounts/${id}`)
      return { id, setup: setupLinkToJson(link, publicUrl()) }
    },
  )

  app.get(
    '/v1/accounts',
    {
      config: { action: 'account.list' },
      schema: {
        operationId: 'listAccounts',
        summary: 'Who may log in',
        tags: ['people'],
        querystring: closed({ ...pageQuery, username: Type.Optional(usernameSchema) }),
        response: responses({ 200: json('a page', listOf(accountSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { username, ...page } = request.query
      const { items, next } = await lists.accounts(pageOf(page), username)
      return { items: items.map(accountToJson), next }
    },
  )

  app.post(
    step('disable'),
    {
      config: { action: 'account.disable' },
      schema: {
        operationId: 'disableAccount',
        summary: 'Keep somebody out from now on; their sessions end at once',
        tags: ['people'],
        params,
        querystring: closed({}),
        response: responses(
          { 204: { description: 'disabled', type: 'null' } },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
          'METHOD_UNKNOWN',
        ),
      },
    },
    async (request, reply) => {
      const wasThere = await accounts.disable(request.params.id, request.caller)
      if (!wasThere) throw noAccount()
      return reply.code(204).send()
    },
  )

  app.post(
    step('reset'),
    {
      config: { action: 'account.reset' },
      schema: {
        operationId: 'resetAccount',
        summary: 'Void password, second factor and sessions, and let somebody begin anew',
        tags: ['people'],
        params,
        querystring: closed({}),
        headers: createHeaders,
        response: responses(
          { 200: json('the new setup link', setupLinkSchema) },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
          'METHOD_UNKNOWN',
          'IDEMPOTENCY_MISMATCH',
        ),
      },
    },
    async request => {
      const link = await accounts.reset(request.params.id, requestOf(request))
      if (link === undefined) throw noAccount()
      return setupLinkToJson(link, publicUrl())
    },
  )

  app.post(
    '/v1/setup-links',
    {
      config: { action: 'account.create' },
      schema: {
        operationId: 'inviteOperator',
        summary: 'Make the link by which somebody becomes an operator; the one before it is void',
        tags: ['people'],
        headers: createHeaders,
        response: responses(
          { 201: json('the link', setupLinkSchema) },
          'NOT_PERMITTED',
          'IDEMPOTENCY_MISMATCH',
        ),
      },
    },
    async (request, reply) => {
      const link = await accounts.inviteOperator(requestOf(request))
      reply.code(201)
      return setupLinkToJson(link, publicUrl())
    },
  )

  function accountToJson({ id, username, role, subject, state, createdAt }: AccountView) {
    const code = subject === null ? null : (directory.subject(subject)?.code ?? null)
    return { id, username, role, subject: code, state, createdAt }
  }
}

function requestOf(request: FastifyRequest): AccountRequest {
  const idempotency = idempotencyOf(request)
  return { caller: request.caller, ...(idempotency === undefined ? {} : { idempotency }) }
}

function noAccount(): WireFailure {
  return new WireFailure('ROUTE_UNKNOWN', say('没有此账户', 'there is no such account'))
}
