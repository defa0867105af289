import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identifier } from '../../model/identifier.ts'
import type { Resolution } from '../../resolver/resolve.ts'
import { callerAddress } from './caller-address.ts'
import { exposedHeaders } from './cors.ts'
import { answerTag, isNotModified } from './etag.ts'
import type { ResolveLimits } from './limits.ts'
import type { HttpMetrics } from './metrics.ts'
import { formOf } from './negotiate.ts'
import type { HttpParts } from './parts.ts'
import { replyHeaders } from './resolve-reply.ts'
import { identifierIn } from './url-text.ts'

const pathStart = '/v1/resolve/'

/** Answers what it can and says whether it did; everything else is the framework's. */
export type FastPath = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * The question that is asked most: anyone, a whole answer, in memory. It is answered with the shared bytes before the
 * framework sees the request (measured: a route of the framework costs a third of a bare server's answers, this a tenth).
 * Whatever is not exactly that goes the ordinary way, `v1/resolve.ts`, and gets the same answer there.
 */
export function makeFastPath(
  { resolver, names, trustedProxies, corsOrigins, limits, clock }: HttpParts,
  resolveLimits: ResolveLimits,
  metrics: HttpMetrics,
): FastPath {
  function find(url: string): { identifier: Identifier; resolution: Resolution } | undefined {
    let identifier: Identifier
    try {
      identifier = names.parse(identifierIn(url, pathStart.length))
    } catch {
      // The ordinary way says what is wrong with it.
      return undefined
    }
    const resolution = resolver.peek(identifier)
    return resolution && { identifier, resolution }
  }

  return function answerFast(request, response) {
    const { method, url = '' } = request
    if (method !== 'GET' || !url.startsWith(pathStart) || url.length > limits.urlBytesMax)
      return false
    if (url.includes('?') || url.includes('#')) return false
    const { headers } = request
    if (isPersonal(headers) || headers['content-length'] !== undefined) return false
    if (headers['transfer-encoding'] !== undefined || !corsOrigins().includes('*')) return false

    const startedMs = clock.monotonicMs()
    const found = find(url)
    const entry = found?.resolution.shared
    if (found === undefined || entry === undefined) return false
    const { identifier, resolution } = found
    if (!resolveLimits.admits(callerAddress(request, trustedProxies()), identifier)) return false

    const form = formOf(headers.accept)
    const reply = replyHeaders(resolution, { form, isRestricted: false, isPrivate: false })
    const policy = resolveLimits.policy()
    if (policy !== undefined) reply.push('RateLimit-Policy', policy)
    reply.push('Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', exposedHeaders)
    if (isNotModified(headers['if-none-match'], answerTag(resolution.etag, form, false))) {
      response.writeHead(304, reply)
      response.end()
      metrics.answeredFast(304, (clock.monotonicMs() - startedMs) / 1000)
      return true
    }
    const bytes = resolver.bytes(entry, form)
    reply.push('Content-Length', String(bytes.length))
    response.writeHead(200, reply)
    response.end(bytes)
    metrics.answeredFast(200, (clock.monotonicMs() - startedMs) / 1000)
    return true
  }
}

/** Says who asks, or asks past the caches. */
function isPersonal({
  authorization,
  cookie,
  'cache-control': cacheControl,
  pragma,
}: IncomingMessage['headers']) {
  return (
    authorization !== undefined ||
    cookie !== undefined ||
    cacheControl !== undefined ||
    pragma !== undefined
  )
}
