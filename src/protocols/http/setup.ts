import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { SetupOffer } from '../../registry/people/setup.ts'
import type { HttpApp } from './app.ts'
import { limitAttempts } from './attempt-limit.ts'
import { languageOf } from './language.ts'
import { demandPrivateWire, refuseOtherOrigin } from './own-origin.ts'
import { formPageHeaders } from './pages/form-page.ts'
import { setupDonePage, setupFormPage, setupStartPage } from './pages/setup.ts'
import { wantsPage } from './pages/wants-page.ts'
import type { HttpParts } from './parts.ts'
import { failureStatuses } from './problem.ts'
import { type FailureAsPage, makeReplyProblem } from './reply-problem.ts'
import {
  closed,
  formOrJson,
  instantSchema,
  json,
  orNull,
  responses,
  roleSchema,
} from './schemas.ts'
import { setSessionCookie } from './session-cookie.ts'

const bodySchema = closed({
  token: Type.String({ maxLength: 256, description: 'what follows the # of a setup link' }),
  username: Type.Optional(
    Type.String({ maxLength: 64, description: 'only where the link leaves it open' }),
  ),
  password: Type.Optional(
    Type.String({
      maxLength: 256,
      description: 'absent: what the link offers is shown, and it stays good',
    }),
  ),
  again: Type.Optional(
    Type.String({ maxLength: 256, description: 'the password once more, where it was typed' }),
  ),
  code: Type.Optional(Type.String({ maxLength: 64, description: 'of the second factor offered' })),
})

const offerSchema = closed({
  username: orNull(Type.String({ description: 'null: to be chosen' })),
  role: roleSchema,
  totp: orNull(closed({ secret: Type.String({ description: 'base32' }), uri: Type.String() })),
  until: instantSchema,
})

const doneSchema = closed({
  id: Type.String(),
  username: Type.String(),
  role: roleSchema,
  recoveryCodes: Type.Array(Type.String(), { description: 'shown here and never again' }),
})

type SetupBody = Readonly<Partial<Record<'username' | 'password' | 'again' | 'code', string>>> & {
  readonly token: string
}

/** `/setup`: where a setup link leads. A page works without scripts; programs send and get JSON. */
export function setupRoutes(app: HttpApp, parts: HttpParts): void {
  const { people, publicUrl } = parts
  const { setup } = people
  const countAttempt = limitAttempts(app, parts)
  app.setErrorHandler(makeReplyProblem(parts, failureAsStartPage))

  app.get(
    '/setup',
    {
      config: { action: 'account.setUp' },
      schema: {
        operationId: 'setupPage',
        summary: 'What a setup link opens',
        tags: ['people'],
        response: responses({
          200: { description: 'a page', content: { 'text/html': { schema: { type: 'string' } } } },
        }),
      },
    },
    async (request, reply) => {
      const language = languageOf(request.headers['accept-language'])
      return reply.headers(formPageHeaders(language)).send(setupStartPage(language))
    },
  )

  app.post(
    '/setup',
    {
      config: { action: 'account.setUp' },
      schema: {
        operationId: 'setUp',
        summary: 'See what a setup link offers; with a password, use it and be logged in',
        tags: ['people'],
        consumes: formOrJson,
        body: bodySchema,
        response: responses(
          {
            200: json('what the link offers; a page for who reads pages', offerSchema),
            201: json('set up; a page for who reads pages', doneSchema),
          },
          'NOT_PERMITTED',
          'ALREADY_EXISTS',
          'OVERLOADED',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      demandPrivateWire(publicUrl())
      refuseOtherOrigin(request.headers, publicUrl())
      await countAttempt(request)
      const { password } = request.body
      return password === undefined
        ? showOffer(request, reply, request.body)
        : finish(request, reply, { ...request.body, password })
    },
  )

  async function showOffer(request: FastifyRequest, reply: FastifyReply, { token }: SetupBody) {
    const offer = await setup.look(token)
    if (wantsPage(request.headers.accept)) return sendForm(request, reply, { token, offer })
    const { username, role, until } = offer
    const totp = totpOf(offer)
    return {
      username,
      role,
      totp: totp === undefined ? null : { secret: totp.secret, uri: totp.uri },
      until: until.toISOString(),
    }
  }

  async function finish(
    request: FastifyRequest,
    reply: FastifyReply,
    body: SetupBody & { readonly password: string },
  ) {
    const isPage = wantsPage(request.headers.accept)
    try {
      if (body.again !== undefined && body.again !== body.password) throw notTheSame()
      const done = await setup.finish(body)
      setSessionCookie(reply, done.sessionToken)
      reply.code(201)
      if (isPage) {
        const language = languageOf(request.headers['accept-language'])
        return reply.headers(formPageHeaders(language)).send(setupDonePage(language, done))
      }
      const { id, username, role, recoveryCodes } = done
      return { id, username, role, recoveryCodes }
    } catch (error) {
      const mayMend = error instanceof Failure && mendable.has(error.code)
      if (!isPage || !mayMend) throw error
      const { token, username } = body
      const offer = await setup.look(token)
      reply.code(failureStatuses[error.code])
      return sendForm(request, reply, { token, offer, username, failure: error })
    }
  }

  function sendForm(
    request: FastifyRequest,
    reply: FastifyReply,
    form: { token: string; offer: SetupOffer; username?: string | undefined; failure?: Failure },
  ): FastifyReply {
    const language = languageOf(request.headers['accept-language'])
    const page = setupFormPage(language, { ...form, totp: totpOf(form.offer) })
    return reply.headers(formPageHeaders(language)).send(page)
  }

  function totpOf({ totpSecret, username, role }: SetupOffer) {
    return totpSecret === null ? undefined : people.showTotp(totpSecret, username ?? role)
  }
}

/** What a person mends in the form and sends again; the link stays good. */
const mendable: ReadonlySet<string> = new Set(['INPUT_INVALID', 'ALREADY_EXISTS'])

/** Whatever the form cannot mend leads back to the link. */
const failureAsStartPage: FailureAsPage = (failure, { headers }) => {
  if (!wantsPage(headers.accept)) return undefined
  const language = languageOf(headers['accept-language'])
  return { headers: formPageHeaders(language), bytes: setupStartPage(language, failure) }
}

function notTheSame(): Failure {
  const detail = say('两次输入的密码不同', 'the two passwords differ')
  return invalid('/again', 'password.again', detail)
}
