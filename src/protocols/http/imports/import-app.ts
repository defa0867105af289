import { constants, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { TLSSocket, TlsOptions } from 'node:tls'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import { type CertificateFacts, factsOf } from '../../../crypto/certificate.ts'
import { anyone, type Caller } from '../../../model/caller.ts'
import { Failure, invalid } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { HttpApp } from '../app.ts'
import { parseJson } from '../json-body.ts'
import { readContentDigest } from '../message-signature/content-digest.ts'
import type { SignedRequest } from '../message-signature/signature-base.ts'
import { refused, verifyRequest } from '../message-signature/verify-request.ts'
import { WireFailure } from '../problem.ts'
import { makeReplyProblem } from '../reply-problem.ts'
import { makeServer } from '../server.ts'
import { demandPeer } from './demand-peer.ts'
import { makeImportDoorMetrics } from './metrics.ts'
import { bundleBounds } from './open-bundle.ts'
import type { ImportDoorParts, KnownBatch } from './parts.ts'
import { receiveBody, receiveSmall, tooLarge } from './receive-body.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The certificate that was shown. */
    peer: CertificateFacts | undefined
    /** Whether it is the top-level node's. */
    isTopnode: boolean
    /** What is known of the batch that is being verified. */
    knownBatch: KnownBatch | undefined
    /** Whether somebody else answers for it now: what is refused from then on leaves its trace there. */
    isHandedOver: boolean
  }
}

/** What a signature covers at least, and what it says it is for. */
const components = ['@method', '@target-uri', 'content-digest', 'content-type']
const tag = 'qxm-import'

/** Bundles that are received and verified at once; each takes its 50 MB of disk. */
const receivingMax = 16
/** When one of them is through. */
const retrySeconds = 5
/** A grant names prefixes and fields; a thousand of them have some 20 KB. */
const grantBytesMax = 131_072
/** Refusals put on record in a minute; what goes beyond is in the log alone, so that nobody fills the store with them. */
const recordedPerMinuteMax = 60
/** A day beyond a signature's end its nonce may be forgotten. */
const nonceKeptMs = 86_400_000

/** The door, and its further listeners. */
export interface ImportDoor {
  readonly app: HttpApp
  makeServer(): Server
}

/**
 * The door of the top-level node: batches and grants, over mutual TLS, each request signed. It never listens by itself.
 * @param tls certificate and key of the node, and the one authority whose clients may connect
 */
export function buildImportDoor(parts: ImportDoorParts, tls: TlsOptions): ImportDoor {
  const { inbox, grants, openBundle, trust, clock, limits, publicUrl, log } = parts
  const metrics = makeImportDoorMetrics(parts.registry)
  const mayRecord = makeBudget(recordedPerMinuteMax, 60_000, clock)
  const replyProblem = makeReplyProblem(parts)
  let receiving = 0

  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    bodyLimit: bundleBounds.archiveBytesMax,
    frameworkErrors: (error, request, reply) => replyProblem(error, request, reply),
    serverFactory: handle => makeListener(handle),
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.decorateRequest('peer', undefined)
  app.decorateRequest('isTopnode', false)
  app.decorateRequest('knownBatch', undefined)
  app.decorateRequest('isHandedOver', false)
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  app.setNotFoundHandler(() => {
    throw new WireFailure('ROUTE_UNKNOWN')
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    if (request.is404) throw new WireFailure('ROUTE_UNKNOWN')
    if (request.routeOptions.config.action !== 'public') await demandSigned(request)
  })
  app.addHook('onResponse', async (request, reply) =>
    metrics.answered(request.routeOptions.url ?? 'unknown', reply.statusCode),
  )
  app.setErrorHandler(async (error, request, reply) => {
    await record(error, request)
    // What is left of a body that nobody reads is not waited for.
    reply.header('Connection', 'close')
    replyProblem(error, request, reply)
    return reply
  })
  app.get('/livez', { config: { action: 'public' } }, async () => ({ live: true }))
  app.register(async scope => batchRoute(scope))
  app.register(async scope => grantRoute(scope))
  return { app, makeServer: () => makeListener(app.routing) }

  function makeListener(handle: RequestListener): Server {
    const server = makeServer(handle, limits, publicUrl, { ...tls, ...mutualTls })
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
      metrics.handshakeRefused()
      log.info({ reason: error.code }, 'refused a connection to the import port')
    })
    return server as Server
  }

  /** Certificate, then signature, then nonce: before a byte of the body is read. */
  async function demandSigned(request: FastifyRequest): Promise<void> {
    const now = clock.now()
    const certificate = (request.raw.socket as TLSSocket).getPeerX509Certificate()
    request.peer = certificate && factsOf(certificate)
    demandPeer(request.peer, trust(), now)
    request.isTopnode = true
    refuseEncoded(request.raw)
    const verified = verifyRequest(signedRequestOf(request.raw, parts), {
      keys: trust().keys,
      tag,
      components,
      nowMs: now,
    })
    const until = new Date(verified.endsAtMs + nonceKeptMs)
    if (!(await inbox.claimNonce(verified.keyId, verified.nonce, until))) throw refused('replay')
  }

  function batchRoute(scope: FastifyInstance): void {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/zip',
      async (request: FastifyRequest, body: Readable) => {
        const announced = announcedBy(request, bundleBounds.archiveBytesMax)
        if (receiving >= receivingMax) throw tooBusy()
        receiving += 1
        try {
          const path = join(parts.folder, `${request.id}.zip`)
          await receiveBody(body, path, bundleBounds.archiveBytesMax, announced)
          return path
        } catch (error) {
          receiving -= 1
          throw error
        }
      },
    )

    scope.post('/v1/imports', { config: { action: 'import.receive' } }, async (request, reply) => {
      if (typeof request.body !== 'string') throw new WireFailure('MEDIA_TYPE_UNKNOWN')
      const path = request.body
      try {
        const batch = await openBundle(path, 'push', known => {
          request.knownBatch = known
        })
        request.isHandedOver = true
        const { receipt, isNew } = await inbox.receive(batch, callerOf(request))
        reply.code(isNew ? 201 : 200)
        return receipt
      } finally {
        receiving -= 1
        await rm(path, { force: true })
      }
    })
  }

  function grantRoute(scope: FastifyInstance): void {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/jose', 'application/json'],
      (request: FastifyRequest, body: Readable) =>
        receiveSmall(body, grantBytesMax, announcedBy(request, grantBytesMax)),
    )

    scope.post('/v1/grants', { config: { action: 'grant.create' } }, async (request, reply) => {
      if (!(request.body instanceof Buffer)) throw new WireFailure('MEDIA_TYPE_UNKNOWN')
      const token = grantIn(request.body, request.headers['content-type'] ?? '')
      const { grant, isNew } = await grants.add(token, { caller: callerOf(request) })
      reply.code(isNew ? 201 : 200)
      return grant
    })
  }

  /** What was refused before it was received leaves a trace. */
  async function record(error: unknown, request: FastifyRequest): Promise<void> {
    const { peer, knownBatch, isHandedOver } = request
    if (!(error instanceof Failure) || !recordedCodes.has(error.code) || isHandedOver) return
    const rule = error.errors[0]?.rule ?? error.code
    log.info({ rule, peer: peer?.thumbprint, batch: knownBatch?.batch }, 'refused an import')
    if (!mayRecord()) return
    const signer = knownBatch?.signer ?? peer?.thumbprint
    const why = { ...knownBatch, rule, ...(signer !== undefined && { signer }) }
    await inbox.refused(why, callerOf(request)).catch((cause: unknown) => {
      log.warn({ err: cause, rule }, 'a refused import could not be put on record')
    })
  }
}

/**
 * What the port demands of TLS, whatever its certificates. Tickets would let a client come back without its
 * certificate being looked at again.
 */
export const mutualTls = {
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  handshakeTimeout: 10_000,
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const satisfies TlsOptions

const recordedCodes: ReadonlySet<string> = new Set([
  'NOT_AUTHENTICATED',
  'NOT_PERMITTED',
  'INPUT_INVALID',
  'TOO_LARGE',
])

/** Who came, as audit rows name it: by its certificate. */
function callerOf({ peer, isTopnode }: FastifyRequest): Caller {
  const id = `x5t:${peer?.thumbprint ?? 'none'}`
  return { ...anyone, id, role: isTopnode ? 'topnode' : 'anyone' }
}

/** What is compressed is the archive's own affair. */
function refuseEncoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw new WireFailure('MEDIA_TYPE_UNKNOWN')
}

function signedRequestOf(
  { method = '', url = '', headers, headersDistinct }: IncomingMessage,
  { isOurHost }: Pick<ImportDoorParts, 'isOurHost'>,
): SignedRequest {
  const origin = `https://${headers.host ?? ''}`
  const host = URL.canParse(origin) ? new URL(origin) : undefined
  const isOurs = host !== undefined && host.origin === origin.toLowerCase().replace(/:443$/, '')
  if (!isOurs || !isOurHost(host.hostname.replace(/^\[|\]$/g, ''))) {
    throw refused('host', headers.host ?? '')
  }
  const path = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  return {
    method,
    targetUri: host.origin + path,
    field: name => headersDistinct[name] ?? [],
  }
}

function announcedBy({ headers, raw }: FastifyRequest, bytesMax: number) {
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
  return readContentDigest(raw.headersDistinct['content-digest'] ?? [])
}

/** The JWS by itself, or `{"grant": "<JWS>"}` as on the ordinary ports. */
function grantIn(body: Buffer, contentType: string): string {
  if (!contentType.startsWith('application/json')) return body.toString('latin1').trim()
  const { grant } = Object(parseJson(body))
  if (typeof grant === 'string') return grant
  const detail = say('须为 {"grant": "<JWS>"}', 'the body is {"grant": "<JWS>"}')
  throw invalid('/grant', 'grant.missing', detail)
}

/** @returns whether there is still something left of what a span of time allows */
function makeBudget(max: number, spanMs: number, clock: { now(): number }): () => boolean {
  let endsAtMs = 0
  let used = 0
  return () => {
    if (clock.now() >= endsAtMs) {
      endsAtMs = clock.now() + spanMs
      used = 0
    }
    used += 1
    return used <= max
  }
}

function tooBusy(): Failure {
  const detail = say('同时接收的批次过多', 'too many batches are being received')
  return new Failure('TOO_MANY', detail, { retryAfterSeconds: retrySeconds })
}
