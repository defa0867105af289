import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { Proof, SessionView } from '../../../registry/people/sessions.ts'
import type { HttpApp } from '../app.ts'
import { limitAttempts } from '../attempt-limit.ts'
import { languageOf } from '../language.ts'
import { demandPrivateWire, refuseOtherOrigin } from '../own-origin.ts'
import { formPageHeaders } from '../pages/form-page.ts'
import { loginPage, signedInPage } from '../pages/login.ts'
import { wantsPage } from '../pages/wants-page.ts'
import type { HttpParts } from '../parts.ts'
import { failureStatuses, WireFailure } from '../problem.ts'
import { type FailureAsPage, makeReplyProblem } from '../reply-problem.ts'
import {
  closed,
  codeSchema,
  formOrJson,
  instantSchema,
  json,
  orNull,
  responses,
  roleSchema,
} from '../schemas.ts'
import { clearSessionCookie, sessionTokenOf, setSessionCookie } from '../session-cookie.ts'
import { setupLinkSchema, setupLinkToJson } from './setup-link.ts'

const sessionSchema = closed({
  id: Type.String({ description: 'as it stands in audit rows' }),
  role: roleSchema,
  subject: orNull(codeSchema),
  username: orNull(Type.String({ description: 'null: a machine, whose credential is no session' })),
  createdAt: orNull(instantSchema),
  endsAt: orNull(
    Type.String({ format: 'date-time', description: 'unless something is asked before' }),
  ),
})

/** What proves who one is, beside a name. */
const proofSchema = {
  password: Type.String({ maxLength: 256 }),
  code: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'of the authenticator app, or a recovery code; where the role needs it',
    }),
  ),
}

/**
 * Logging in and out. Programs send and get JSON, and so may the forms of pages: who reads pages is led on by redirects.
 */
export function sessionRoutes(app: HttpApp, parts: HttpParts): void {
  const { people, directory, publicUrl } = parts
  const { sessions } = people
  const countLogin = limitAttempts(app, parts)
  app.setErrorHandler(makeReplyProblem(parts, failureAsLoginPage))

  app.post(
    '/v1/sessions',
    {
      config: { action: 'session.create' },
      schema: {
        operationId: 'createSession',
        summary: 'Log in: JSON or a form; the session is in the cookie that is set',
        tags: ['people'],
        consumes: formOrJson,
        body: closed({
          username: Type.String({ maxLength: 256 }),
          ...proofSchema,
        }),
        response: responses(
          {
            201: json('logged in', sessionSchema),
            303: { description: 'the same for who reads pages', type: 'null' },
          },
          'NOT_PERMITTED',
          'OVERLOADED',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      demandPrivateWire(publicUrl())
      refuseOtherOrigin(request.headers, publicUrl())
      const { token, ...session } = await sessions.login({
        ...request.body,
        address: await addressOf(request),
        formerToken: sessionTokenOf(request),
      })
      setSessionCookie(reply, token)
      if (wantsPage(request.headers.accept)) return reply.redirect('/console', 303)
      reply.code(201).header('Location', '/v1/sessions/current')
      return sessionToJson(session)
    },
  )

  app.get(
    '/v1/sessions/current',
    {
      config: { action: 'session.read' },
      schema: {
        operationId: 'readSession',
        summary: 'Who one is, by session or by any other credential',
        tags: ['people'],
        querystring: closed({}),
        response: responses({ 200: json('the caller', sessionSchema) }),
      },
    },
    async ({ caller, sessionToken }) => {
      const session = sessionToken === undefined ? undefined : await sessions.find(sessionToken)
      if (session !== undefined) return sessionToJson(session)
      const { id, role } = caller
      const unknown = { username: null, createdAt: null, endsAt: null }
      return { id, role, subject: codeOf(caller.subject), ...unknown }
    },
  )

  app.delete(
    '/v1/sessions/current',
    {
      config: { action: 'session.end' },
      schema: {
        operationId: 'endSession',
        summary: 'Log out',
        tags: ['people'],
        querystring: closed({}),
        response: responses(
          { 204: { description: 'logged out', type: 'null' } },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async ({ sessionToken }, reply) => {
      if (sessionToken === undefined) throw noSession()
      await sessions.logout(sessionToken)
      clearSessionCookie(reply)
      return reply.code(204).send()
    },
  )

  app.post(
    '/v1/sessions/current/setup-link',
    {
      config: { action: 'account.renew' },
      schema: {
        operationId: 'renewAccount',
        summary:
          'Prove once more who one is, for a link by which password, second factor and recovery codes are chosen anew',
        tags: ['people'],
        consumes: formOrJson,
        querystring: closed({}),
        body: closed(proofSchema),
        response: responses(
          {
            201: json('the link; until it is used all is as it was', setupLinkSchema),
            303: { description: 'to the link, for who reads pages', type: 'null' },
          },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
          'OVERLOADED',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      demandPrivateWire(publicUrl())
      return renew(request, reply, request.body)
    },
  )

  app.get(
    '/console/login',
    {
      config: { action: 'session.create' },
      schema: {
        operationId: 'loginPage',
        summary: 'The page on which people log in',
        tags: ['people'],
        response: responses({ 200: { description: 'a page', content: pageContent } }),
      },
    },
    async (request, reply) => {
      const language = languageOf(request.headers['accept-language'])
      return reply.headers(formPageHeaders(language)).send(loginPage(language))
    },
  )

  app.get(
    '/console',
    {
      config: { action: 'session.create' },
      schema: {
        operationId: 'consolePage',
        summary: 'Who is logged in, and the way out; without a session the way in',
        tags: ['people'],
        response: responses({
          200: { description: 'a page', content: pageContent },
          303: { description: 'to the login page', type: 'null' },
        }),
      },
    },
    async (request, reply) => {
      const { sessionToken } = request
      const session = sessionToken === undefined ? undefined : await sessions.find(sessionToken)
      return session === undefined
        ? reply.redirect('/console/login', 303)
        : sendSignedIn(request, reply, session)
    },
  )

  app.post(
    '/console/logout',
    {
      config: { action: 'session.create' },
      schema: {
        operationId: 'logoutForm',
        summary: 'Log out from a page; without a session nothing happens',
        tags: ['people'],
        response: responses(
          { 303: { description: 'to the login page', type: 'null' } },
          'NOT_PERMITTED',
        ),
      },
    },
    async (request, reply) => {
      if (request.sessionToken !== undefined) await sessions.logout(request.sessionToken)
      clearSessionCookie(reply)
      return reply.redirect('/console/login', 303)
    },
  )

  /** @returns whose attempts are counted; undefined: nobody's. @throws Failure `TOO_MANY` */
  async function addressOf(request: FastifyRequest): Promise<string | undefined> {
    const { party, isExempt } = await countLogin(request)
    return isExempt ? undefined : party
  }

  async function renew(
    request: FastifyRequest,
    reply: FastifyReply,
    proof: Omit<Proof, 'address'>,
  ) {
    const { sessionToken, headers } = request
    const session = sessionToken === undefined ? undefined : await sessions.find(sessionToken)
    if (session === undefined || sessionToken === undefined) throw noSession()
    const isPage = wantsPage(headers.accept)
    try {
      const address = await addressOf(request)
      const made = await sessions.renew(sessionToken, { ...proof, address })
      if (made === undefined) throw noSession()
      const setup = setupLinkToJson(made, publicUrl())
      if (isPage) return reply.redirect(setup.link, 303)
      reply.code(201)
      return setup
    } catch (error) {
      // On a page one may try again; the session goes on.
      if (!isPage || !(error instanceof Failure)) throw error
      return sendSignedIn(request, reply.code(failureStatuses[error.code]), session, error)
    }
  }

  function sendSignedIn(
    { headers }: FastifyRequest,
    reply: FastifyReply,
    session: SessionView,
    failure?: Failure,
  ): FastifyReply {
    const language = languageOf(headers['accept-language'])
    const code = codeOf(session.account.subject) ?? undefined
    const page = signedInPage(language, session, { code, failure })
    return reply.headers(formPageHeaders(language)).send(page)
  }

  function sessionToJson({ account, createdAt, endsAt }: SessionView) {
    return {
      id: account.id,
      role: account.role,
      subject: codeOf(account.subject),
      username: account.username,
      createdAt: createdAt.toISOString(),
      endsAt: endsAt.toISOString(),
    }
  }

  function codeOf(subject: string | null): string | null {
    return subject === null ? null : (directory.subject(subject)?.code ?? null)
  }
}

const pageContent = { 'text/html': { schema: { type: 'string' } } }

/** Whoever logs in on a page is told there what was wrong, and may try again. */
const failureAsLoginPage: FailureAsPage = (failure, { headers }) => {
  if (!wantsPage(headers.accept)) return undefined
  const language = languageOf(headers['accept-language'])
  return { headers: formPageHeaders(language), bytes: loginPage(language, failure) }
}

function noSession(): WireFailure {
  return new WireFailure(
    'ROUTE_UNKNOWN',
    say('此凭证不是登录会话', 'this credential is no session'),
  )
}
