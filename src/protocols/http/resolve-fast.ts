import type { IncomingMessage, ServerResponse } from 'node:http'
import { callerAddress } from './caller-address.ts'
import { answerTag, isNotModified } from './etag.ts'
import { makeInMemory, resolvePath } from './in-memory.ts'
import type { ResolveLimits } from './limits.ts'
import type { HttpMetrics } from './metrics.ts'
import { answerFormOf } from './negotiate.ts'
import type { HttpParts } from './parts.ts'

/** Answers what it can and says whether it did; everything else is the framework's. */
export type FastPath = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * The question that is asked most: anyone, a whole answer, in memory. It is answered with the shared bytes before the
 * framework sees the request (measured: a route of the framework costs a third of a bare server's answers, this a tenth).
 * Whatever is not exactly that goes the ordinary way, `v1/resolve.ts`, and gets the same answer there.
 */
export function makeFastPath(
  { resolver, names, trustedProxies, corsOrigins, limits, clock, publicUrl }: HttpParts,
  resolveLimits: ResolveLimits,
  metrics: HttpMetrics,
): FastPath {
  const inMemory = makeInMemory({ resolver, names, publicUrl }, resolveLimits)

  return function answerFast(request, response) {
    const { method, url = '' } = request
    if (method !== 'GET' || !url.startsWith(resolvePath) || url.length > limits.urlBytesMax)
      return false
    if (url.includes('?') || url.includes('#')) return false
    const { headers } = request
    if (isPersonal(headers) || headers['content-length'] !== undefined) return false
    if (headers['transfer-encoding'] !== undefined || !corsOrigins().includes('*')) return false
    const form = answerFormOf(headers.accept)
    if (form === 'linkset') return false

    const startedMs = clock.monotonicMs()
    const found = inMemory.find(url, resolvePath.length)
    if (found === undefined) return false
    const { identifier, resolution, entry } = found
    if (!resolveLimits.admits(callerAddress(request, trustedProxies()), identifier)) return false

    const reply = inMemory.headers(resolution, form)
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
