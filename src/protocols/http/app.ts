import { randomBytes, randomInt } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import formbody from '@fastify/formbody'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import { Failure } from '../../model/failures.ts'
import { askFirst, openActions } from './asker.ts'
import { allowOrigins } from './cors.ts'
import { publishErrors } from './error-docs.ts'
import { digitalLinkRoutes } from './gs1/digital-link.ts'
import { healthRoutes } from './health.ts'
import { parseJson } from './json-body.ts'
import { makeResolveLimits } from './limits.ts'
import { makeHttpMetrics } from './metrics.ts'
import { oauthRoutes } from './oauth.ts'
import { publishOpenApi } from './openapi.ts'
import { scanRoutes } from './pages/scan.ts'
import type { HttpParts } from './parts.ts'
import { WireFailure } from './problem.ts'
import { shapeQuery } from './query.ts'
import { makeReplyProblem } from './reply-problem.ts'
import { makeFastPath } from './resolve-fast.ts'
import { makeRouteMethods } from './route-methods.ts'
import { sharedSchemas } from './schemas.ts'
import { isAllowed, makeServer } from './server.ts'
import { setupRoutes } from './setup.ts'
import { makeStrictAnswers } from './strict/strict-answers.ts'
import { standInFront } from './strict/strict-door.ts'
import { parseQuery, pathEnd, requireReadableUrl } from './url-text.ts'
import { accountRoutes } from './v1/accounts.ts'
import { applicationRoutes } from './v1/applications.ts'
import { auditRoutes } from './v1/audit.ts'
import { changeRoutes } from './v1/changes.ts'
import { claimRoutes } from './v1/claims.ts'
import { clientRoutes } from './v1/clients.ts'
import { enterpriseIdentifierRoutes } from './v1/enterprise-identifiers.ts'
import { enterprisePrefixRoutes } from './v1/enterprise-prefixes.ts'
import { enterpriseRoutes } from './v1/enterprises.ts'
import { fileRoutes } from './v1/files.ts'
import { grantRoutes } from './v1/grants.ts'
import { identifierRoutes } from './v1/identifiers.ts'
import { importRoutes } from './v1/imports.ts'
import { jobRoutes } from './v1/jobs.ts'
import { keyRoutes } from './v1/keys.ts'
import { labelRoutes } from './v1/labels.ts'
import { mandateRoutes } from './v1/mandates.ts'
import { mappingRuleRoutes } from './v1/mapping-rules.ts'
import { noticeRoutes } from './v1/notices.ts'
import { prefixProofRoutes } from './v1/prefix-proofs.ts'
import { prefixRoutes } from './v1/prefixes.ts'
import { qrRoutes } from './v1/qr.ts'
import { resolveRoutes } from './v1/resolve.ts'
import { resolveBatchRoutes } from './v1/resolve-batch.ts'
import { reverseRoutes } from './v1/reverse.ts'
import { schemaRoutes } from './v1/schemas.ts'
import { sessionRoutes } from './v1/sessions.ts'
import { statusTokenRoutes } from './v1/status-token.ts'
import { invalidInput } from './validation.ts'
import { wellKnownKeyRoutes } from './well-known-keys.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers a request of any listener: what `makeServer` takes for further addresses and TLS. */
    readonly answerHttp: (request: IncomingMessage, response: ServerResponse) => void
    /** Lets the strict reader stand in front of a further plain listener, where there is one. */
    readonly readStrictly: (server: Server) => void
  }
  interface FastifyRequest {
    /** The body's bytes where an idempotency key came with them. */
    bodyBytes: Buffer | undefined
  }
}

/** The app as routes see it: schemas give the types of what was read. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** No form of ours has more; other bodies have the limit of the configuration. */
const formBytesMax = 16_384

/** The HTTP door: every route, in front of it what no request gets around. It never listens by itself. */
export function buildApp(parts: HttpParts): HttpApp {
  const { limits, publicUrl, registry } = parts
  const metrics = makeHttpMetrics(registry)
  const resolveLimits = makeResolveLimits(parts, randomInt(2 ** 32))
  const answerHandle = parts.makeHandleHttp?.(metrics.answered)
  const replyProblem = makeReplyProblem(parts)
  const routeMethods = makeRouteMethods()
  const nextRequestId = requestIds()
  const answerFast = makeFastPath(parts, resolveLimits, metrics, nextRequestId)
  let isClosing = false

  const app = fastify({
    logger: false,
    genReqId: nextRequestId,
    // Ids are ours, and who is trusted about addresses is `caller-address.ts`'s to say.
    requestIdHeader: false,
    trustProxy: false,
    bodyLimit: limits.bodyBytesMax,
    // A request that got in before the door closed is answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: {
      maxParamLength: limits.urlBytesMax,
      querystringParser: parseQuery,
    },
    ajv: {
      customOptions: {
        allErrors: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
      },
    },
    schemaErrorFormatter: invalidInput,
    rewriteUrl: ({ url = '/' }) => originForm(url),
    // What is said to the client is `server.ts`'s to say.
    clientErrorHandler: (error, socket) => {
      if (!isAllowed(error, socket)) socket.destroy(error)
    },
    frameworkErrors: (error, request, reply) => replyProblem(error, request, reply),
    serverFactory: handle => {
      const listener = (request: IncomingMessage, response: ServerResponse) =>
        answer(handle, request, response)
      const server = makeServer(listener, limits, publicUrl) as Server
      readStrictly(server)
      return server
    },
  }).withTypeProvider<TypeBoxTypeProvider>()

  /** What every request passes before anything of it is used. */
  function lookAt(request: FastifyRequest, reply: FastifyReply): void {
    // Routes whose answers may be kept say so.
    reply.headers({ 'Cache-Control': 'private, no-store', 'X-Content-Type-Options': 'nosniff' })
    refuseUnreadable(request.raw.url ?? '', request.headers, limits)
    if (request.is404) refuseRoute(request, reply)
    // Health is asked for most of all when there is too much to do; cached answers never come this way.
    const isHealth = request.routeOptions.config.action === 'public'
    if (!isHealth && parts.pressure() !== undefined) throw new Failure('OVERLOADED')
  }

  function refuseRoute({ raw }: FastifyRequest, reply: FastifyReply): never {
    const url = raw.url ?? '/'
    const allowed = routeMethods.of(url.slice(0, pathEnd(url)))
    if (allowed.length === 0) throw new WireFailure('ROUTE_UNKNOWN')
    reply.header('Allow', [...new Set([...allowed, 'OPTIONS'])].join(', '))
    throw new WireFailure('METHOD_UNKNOWN')
  }

  /** @param handle the framework */
  function answer(
    handle: (request: IncomingMessage, response: ServerResponse) => void,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (isLast()) response.shouldKeepAlive = false
    const isAnswered = answerFast(request, response) || answerHandle?.(request, response)
    if (!isAnswered) handle(request, response)
  }

  /** Whether every answer from here on is its connection's last. */
  function isLast(): boolean {
    return isClosing || parts.isStopping()
  }

  function readStrictly(server: Server): void {
    const { strictMemory } = parts
    // A bound on the questions of a connection is the ordinary server's to keep.
    if (strictMemory === undefined || limits.socketRequestsMax > 0) return
    standInFront(server, {
      answers: makeStrictAnswers({
        house: parts,
        memory: strictMemory,
        limits: resolveLimits,
        metrics,
        nextRequestId,
      }),
      limits,
      clock: parts.clock,
      isLast,
      makeRoom: byteCount => strictMemory.arena.makeRoom(byteCount),
    })
  }

  app.decorate('readStrictly', readStrictly)
  app.decorate('answerHttp', (request: IncomingMessage, response: ServerResponse) =>
    answer(app.routing, request, response),
  )
  app.decorateRequest('bodyBytes', undefined)
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    // What was under way when the door closed leaves no socket behind that would hold it open.
    if (isLast()) reply.header('Connection', 'close')
  })
  app.addHook('onRoute', ({ url, method }) => {
    if (url !== '*') routeMethods.add(url, method)
  })
  app.addHook('preValidation', async request => {
    const schema = request.routeOptions.schema?.querystring as { properties?: object } | undefined
    request.query = shapeQuery(request.query as Record<string, unknown>, { ...schema?.properties })
  })
  app.addHook('onResponse', async (request, reply) =>
    metrics.answered(
      request.routeOptions.url ?? 'unknown',
      reply.statusCode,
      reply.elapsedTime / 1000,
    ),
  )
  app.setErrorHandler(replyProblem)
  app.setNotFoundHandler(refuseRoute)
  // Response schemas document and are tested; answers are written as they are.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  readJson(app)
  for (const schema of sharedSchemas) app.addSchema(schema)

  allowOrigins(app, parts.corsOrigins)
  // After the origins, so that a page may read its refusal too.
  app.after(() => app.addHook('onRequest', async (request, reply) => lookAt(request, reply)))
  publishOpenApi(app, publicUrl, openActions(parts.permissions))
  publishErrors(app)
  app.register(async scope =>
    healthRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), parts.readiness),
  )
  app.register(async scope =>
    wellKnownKeyRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), parts),
  )
  app.register(async scope => oauthRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), parts))
  app.register(async scope => {
    const v1 = scope.withTypeProvider<TypeBoxTypeProvider>()
    await askFirst(v1, parts, resolveLimits)
    resolveRoutes(v1, parts, resolveLimits)
    resolveBatchRoutes(v1, parts, resolveLimits)
    identifierRoutes(v1, parts)
    prefixRoutes(v1, parts)
    jobRoutes(v1, parts)
    clientRoutes(v1, parts)
    keyRoutes(v1, parts)
    changeRoutes(v1, parts)
    reverseRoutes(v1, parts)
    schemaRoutes(v1)
    qrRoutes(v1, parts, resolveLimits)
    labelRoutes(v1, parts, resolveLimits)
    auditRoutes(v1, parts)
    applicationRoutes(v1, parts)
    prefixProofRoutes(v1, parts)
    grantRoutes(v1, parts)
    importRoutes(v1, parts)
    mandateRoutes(v1, parts)
    // Apart, because its bodies are no JSON.
    v1.register(async files => fileRoutes(files.withTypeProvider<TypeBoxTypeProvider>(), parts))
    enterpriseRoutes(v1, parts, resolveLimits)
    enterpriseIdentifierRoutes(v1, parts)
    enterprisePrefixRoutes(v1, parts)
    claimRoutes(v1, parts)
    mappingRuleRoutes(v1, parts)
    statusTokenRoutes(v1, parts, resolveLimits)
    noticeRoutes(v1, parts)
    accountRoutes(v1, parts)
    for (const routes of [sessionRoutes, setupRoutes]) {
      v1.register(async people => {
        await people.register(formbody, { bodyLimit: formBytesMax })
        routes(people.withTypeProvider<TypeBoxTypeProvider>(), parts)
      })
    }
    v1.register(async pages =>
      scanRoutes(pages.withTypeProvider<TypeBoxTypeProvider>(), parts, resolveLimits),
    )
    v1.register(async labels =>
      digitalLinkRoutes(labels.withTypeProvider<TypeBoxTypeProvider>(), parts, resolveLimits),
    )
  })
  return app
}

/** JSON and its merge patch (RFC 7396); every other media type is 415. */
function readJson(app: HttpApp): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'buffer' },
    async (
      request: { headers: IncomingMessage['headers']; bodyBytes: Buffer | undefined },
      body: Buffer,
    ) => {
      if (request.headers['idempotency-key'] !== undefined) request.bodyBytes = body
      return parseJson(body)
    },
  )
}

/** A request line may name a whole URL (RFC 9112 §3.2.2): whom it names there is as little our business as `Host`. */
function originForm(url: string): string {
  if (url.startsWith('/')) return url
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '')
  return path.startsWith('/') ? path : `/${path}`
}

function refuseUnreadable(
  url: string,
  headers: IncomingMessage['headers'],
  { urlBytesMax }: HttpParts['limits'],
): void {
  if (url.length > urlBytesMax) throw new WireFailure('URL_TOO_LONG')
  requireReadableUrl(url)
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw new WireFailure('MEDIA_TYPE_UNKNOWN')
}

/** Ids of our own: eight random digits of the process and a counter. */
function requestIds(): () => string {
  const start = randomBytes(4).toString('hex')
  let count = 0
  return () => `${start}-${(++count).toString(36)}`
}
