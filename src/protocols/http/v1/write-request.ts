import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { WriteRequest } from '../../../registry/identifiers.ts'
import type { Idempotency } from '../../../registry/parts.ts'
import { serialIn } from '../etag.ts'
import { pathEnd } from '../url-text.ts'

/** Who writes, on what condition, and what makes a repetition the same request; the headers have been checked. */
export function writeRequestOf(request: FastifyRequest): WriteRequest {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
  // Only where there is nothing yet, which is serial 0 (RFC 9110 §13.1.2).
  const ifSerial = ifMatch === undefined && ifNoneMatch === '*' ? 0 : serialIn(ifMatch)
  const idempotency = idempotencyOf(request)
  return {
    caller: request.caller,
    ...(ifSerial === undefined ? {} : { ifSerial }),
    ...(idempotency === undefined ? {} : { idempotency }),
  }
}

/** Another query or body is another request. */
export function idempotencyOf(request: FastifyRequest): Idempotency | undefined {
  const { caller, method, raw, headers, bodyBytes = '' } = request
  const key = headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  const url = raw.url ?? '/'
  const end = pathEnd(url)
  const digest = createHash('sha256')
    .update(`${url.slice(end)}\n`)
    .update(bodyBytes)
    .digest()
  return { scope: `${caller.id} ${method} ${url.slice(0, end)}`, key, digest }
}
