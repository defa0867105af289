import { randomInt } from 'node:crypto'
import formbody from '@fastify/formbody'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { ClientProof, TokenDesk } from '../../access/token-desk.ts'
import { Failure, type FailureCode } from '../../model/failures.ts'
import { makeAddressBook } from './address-book.ts'
import type { HttpApp } from './app.ts'
import { callerAddress } from './caller-address.ts'
import { certificateOf } from './client-certificate.ts'
import { tooMany } from './limits.ts'
import type { HttpParts } from './parts.ts'
import { statusOf, WireFailure } from './problem.ts'
import { makeRateLimiter } from './rate-limiter.ts'
import { closed, json, oneOf } from './schemas.ts'

export const tokenPath = '/oauth/token'

/** An assertion of 4 096 characters, and what stands beside it. */
const formBytesMax = 16_384

/** Proofs of one address that failed, a second; a burst of as many is free. */
const failedProofsPerSecond = 5

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const errorCodes = [
  'invalid_request',
  'invalid_client',
  'unsupported_grant_type',
  'invalid_scope',
  'temporarily_unavailable',
  'server_error',
] as const
type ErrorCode = (typeof errorCodes)[number]

/** What the form breaks (RFC 6749 §5.2). */
class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal'
  readonly code: ErrorCode

  constructor(code: ErrorCode, description: string) {
    super(description)
    this.code = code
  }
}

const errorSchema = closed(
  { error: oneOf(errorCodes), error_description: Type.String() },
  { description: 'RFC 6749 §5.2' },
)
const tokenSchema = closed({
  access_token: Type.String({ description: 'a JWT (RFC 9068)' }),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'seconds' }),
})

/**
 * The token endpoint (RFC 6749 §4.4) for machines that prove themselves by a signed assertion (RFC 7523) or by the
 * certificate of their connection (RFC 8705), and what it says of itself (RFC 8414). It answers as OAuth wants, not
 * with problem documents.
 */
export async function oauthRoutes(app: HttpApp, parts: HttpParts): Promise<void> {
  const { tokens, trustedProxies, rates, clock, publicUrl, log } = parts
  const book = makeAddressBook(() => rates().exempt)
  const failed = makeRateLimiter(randomInt(2 ** 32))
  const issued = makeRateLimiter(randomInt(2 ** 32))
  // Not JSON: RFC 6749 §3.2 knows forms only.
  app.removeAllContentTypeParsers()
  await app.register(formbody, { bodyLimit: formBytesMax })
  app.setErrorHandler((error, request, reply) => {
    const { status, code, description, retryAfterSeconds } = refusalOf(error)
    if (code === 'server_error') log.error({ err: error, requestId: request.id }, 'request failed')
    if (retryAfterSeconds !== undefined) reply.header('Retry-After', retryAfterSeconds)
    // RFC 6749 §5.2: only who tried with the header is told how.
    if (request.headers.authorization !== undefined && status === 401) {
      reply.header('WWW-Authenticate', 'Bearer realm="qxm"')
    }
    reply.code(status).headers(neverKept)
    reply.send({ error: code, error_description: description })
  })

  async function issue(proof: ClientProof, address: string): ReturnType<TokenDesk['issue']> {
    const { party, isExempt } = book(address)
    const waitMs = failed.wait(party, failedProofsPerSecond, clock.monotonicMs())
    if (!isExempt && waitMs > 0) throw tooMany(waitMs)
    try {
      return await tokens.issue(proof, address, clock.now())
    } catch (error) {
      const isWrong = error instanceof Failure && error.code === 'NOT_AUTHENTICATED'
      if (isWrong) failed.take(party, failedProofsPerSecond, clock.monotonicMs())
      throw error
    }
  }

  /** As many tokens as writes. */
  function demandSeldom(clientId: string, address: string): void {
    const { write } = rates()
    if (write === 0 || book(address).isExempt) return
    const waitMs = issued.take(clientId, write, clock.monotonicMs())
    if (waitMs > 0) throw tooMany(waitMs)
  }

  app.post(
    tokenPath,
    {
      config: { action: 'token.create' },
      bodyLimit: formBytesMax,
      schema: {
        operationId: 'createToken',
        summary: 'An access token for a machine that proves itself by a signature or certificate',
        tags: ['clients'],
        consumes: ['application/x-www-form-urlencoded'],
        querystring: closed({}),
        body: formSchema,
        response: {
          200: json('for five minutes', tokenSchema),
          400: json('the form breaks a rule', errorSchema),
          401: json('not a client, or not proven', errorSchema),
          413: json('the form is too large', errorSchema),
          415: json('no form', errorSchema),
          429: json('too often', errorSchema),
          500: json('our own mistake', errorSchema),
          503: json('the store is away', errorSchema),
        },
      },
      // The form is read below, so that each refusal is OAuth's own.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const address = callerAddress(request.raw, trustedProxies())
      // A secret or password we never gave is no way to prove anything here.
      if (request.headers.authorization !== undefined) throw new Failure('NOT_AUTHENTICATED')
      const proof = readForm(request.body)
      const certificate = certificateOf(request.raw)
      const { clientId, token, seconds } = await issue({ ...proof, certificate }, address)
      demandSeldom(clientId, address)
      reply.headers(neverKept)
      return { access_token: token, token_type: 'Bearer' as const, expires_in: seconds }
    },
  )

  app.get(
    '/.well-known/oauth-authorization-server',
    {
      config: { action: 'public' },
      schema: {
        operationId: 'readTokenServer',
        summary: 'What the token endpoint takes (RFC 8414)',
        tags: ['clients'],
        response: { 200: json('the metadata', Type.Object({}, { additionalProperties: true })) },
      },
    },
    async (_request, reply: FastifyReply) => {
      reply.header('Cache-Control', 'public, max-age=3600')
      return {
        issuer: publicUrl(),
        token_endpoint: publicUrl() + tokenPath,
        grant_types_supported: ['client_credentials'],
        // There is no authorization endpoint.
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ['private_key_jwt', 'self_signed_tls_client_auth'],
        token_endpoint_auth_signing_alg_values_supported: ['EdDSA', 'ES256'],
        tls_client_certificate_bound_access_tokens: true,
      }
    },
  )
}

/** RFC 6749 §5.1. */
const neverKept = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const

/** For the description only; {@link readForm} reads. */
const formSchema = Type.Object({
  grant_type: Type.Literal('client_credentials'),
  client_id: Type.Optional(Type.String({ description: 'needed with a certificate' })),
  client_assertion_type: Type.Optional(Type.Literal(assertionType)),
  client_assertion: Type.Optional(
    Type.String({ maxLength: 4096, description: 'a JWT for this endpoint, used once (RFC 7523)' }),
  ),
})

/** What the form says; members we do not know are passed over (RFC 6749 §3.2). */
function readForm(body: unknown): Pick<ClientProof, 'clientId' | 'assertion'> {
  const form = new Map(Object.entries((body ?? {}) as Readonly<Record<string, unknown>>))
  const texts = new Map<string, string>()
  for (const [name, value] of form) {
    // RFC 6749 §3.1: parameters without a value are absent, none comes twice.
    if (typeof value !== 'string')
      throw new TokenRefusal('invalid_request', 'a parameter is repeated')
    if (value !== '') texts.set(name, value)
  }
  const grant = texts.get('grant_type')
  if (grant === undefined) throw new TokenRefusal('invalid_request', 'grant_type is missing')
  if (grant !== 'client_credentials') {
    throw new TokenRefusal('unsupported_grant_type', 'the grant here is client_credentials')
  }
  if (texts.has('scope')) {
    throw new TokenRefusal('invalid_scope', 'there are no scopes: the role of the client decides')
  }
  if (texts.has('client_secret')) throw new Failure('NOT_AUTHENTICATED')
  const assertion = texts.get('client_assertion')
  const type = texts.get('client_assertion_type')
  if ((assertion === undefined) !== (type === undefined)) {
    throw new TokenRefusal(
      'invalid_request',
      'client_assertion and client_assertion_type come together',
    )
  }
  if (type !== undefined && type !== assertionType) {
    throw new TokenRefusal('invalid_request', `client_assertion_type is ${assertionType}`)
  }
  return { clientId: texts.get('client_id'), assertion }
}

interface Refused {
  readonly status: number
  readonly code: ErrorCode
  readonly description: string
  readonly retryAfterSeconds?: number | undefined
}

/** Every failure in OAuth's words; what nobody foresaw stays inside. */
function refusalOf(error: unknown): Refused {
  if (error instanceof TokenRefusal) {
    return { status: 400, code: error.code, description: error.message }
  }
  if (error instanceof WireFailure) {
    const { status, code } = ofFramework(statusOf(error.code))
    return { status, code, description: error.detail.en }
  }
  if (error instanceof Failure) {
    const retryAfterSeconds = error.retryAfterSeconds ?? (isLater(error.code) ? 1 : undefined)
    const description = isLater(error.code) ? error.detail.en : 'the client has not proven itself'
    const code = isLater(error.code) ? 'temporarily_unavailable' : 'invalid_client'
    const status = isLater(error.code) ? statusOf(error.code) : 401
    return { status, code, description, retryAfterSeconds }
  }
  const { statusCode } = error as { readonly statusCode?: unknown }
  const { status, code } = ofFramework(typeof statusCode === 'number' ? statusCode : 500)
  const description = code === 'server_error' ? 'our own mistake; it was logged' : 'this is no form'
  return { status, code, description }
}

function ofFramework(status: number): { readonly status: number; readonly code: ErrorCode } {
  if (status >= 400 && status < 500) return { status, code: 'invalid_request' }
  return { status: 500, code: 'server_error' }
}

function isLater(code: FailureCode): boolean {
  return code === 'TOO_MANY' || code === 'STORE_AWAY' || code === 'OVERLOADED'
}
