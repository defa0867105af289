import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entry } from '../../resolver/answer-cache.ts'
import type { Peeked } from '../../resolver/resolve.ts'
import { type AnswerHead, giveHead, makeHeadEnding } from './answer-head.ts'
import { callerAddress } from './caller-address.ts'
import { answerTag, isNotModified } from './etag.ts'
import { type InMemory, makeInMemory } from './in-memory.ts'
import { languageOf } from './language.ts'
import type { ResolveLimits } from './limits.ts'
import { codeRoute, type HttpMetrics, resolveRoute, scanRoute } from './metrics.ts'
import { answerFormOf, type Form } from './negotiate.ts'
import { wantsPage } from './pages/wants-page.ts'
import type { HttpParts } from './parts.ts'
import { makeUnknownReplies } from './unknown-reply.ts'

/** Answers what it can and says whether it did; everything else is the framework's. */
export type FastPath = (request: IncomingMessage, response: ServerResponse) => boolean

/** Behind these the identifier stands. */
const paths = [
  { start: '/v1/resolve/', route: resolveRoute, isScan: false, pattern: /^/ },
  { start: '/r/', route: scanRoute, isScan: true, pattern: /^/ },
  { start: '/C/', route: codeRoute, isScan: true, pattern: /^\/C\/[^/]+\/[^/]+$/ },
]

type Answer = InMemory & { readonly kind: 'answer' }
type Unknown = InMemory & { readonly kind: 'unknown' }

/**
 * The question that is asked most: anyone, a whole answer, in memory; or a name of which memory knows that there is none. It is
 * answered with the shared bytes before the framework sees the request (measured: a route of the framework costs a third of a
 * bare server's answers, this a tenth). Whatever is not exactly that goes the ordinary way, `v1/resolve.ts` and
 * `pages/scan.ts`, and gets the same answer there.
 */
export function makeFastPath(
  parts: HttpParts,
  resolveLimits: ResolveLimits,
  metrics: HttpMetrics,
  nextRequestId: () => string,
): FastPath {
  const { resolver, trustedProxies, corsOrigins, limits, clock } = parts
  const inMemory = makeInMemory(parts, resolveLimits)
  const unknownReply = makeUnknownReplies(parts, resolveLimits)
  const headOf = makeKnownHeads(inMemory, resolveLimits)
  const ending = makeHeadEnding(limits.keepAliveTimeoutMs, clock)

  function admits(found: InMemory, address: string): boolean {
    const { kind, identifier } = found
    return kind === 'answer'
      ? resolveLimits.admits(address, identifier)
      : resolveLimits.admitsUnknown(address, identifier)
  }

  /** @returns the status */
  function giveAnswer(
    { resolution }: Answer,
    form: Form,
    headers: IncomingMessage['headers'],
    response: ServerResponse,
  ): number {
    if (isNotModified(headers['if-none-match'], answerTag(resolution.etag, form, false))) {
      response.writeHead(304, inMemory.headers(resolution, form))
      response.end()
      return 304
    }
    const bytes = resolver.bytes(resolution.shared, form)
    const isKept = response.shouldKeepAlive && limits.socketRequestsMax === 0
    if (!isKept || !giveHead(response, wholeHead(resolution, form, bytes.length))) {
      const length = String(bytes.length)
      response.writeHead(200, [...inMemory.headers(resolution, form), 'Content-Length', length])
    }
    response.end(bytes)
    return 200
  }

  /** As node writes it on a connection that is kept. */
  function wholeHead(resolution: Peeked, form: Form, length: number): string {
    const { before, behind } = headOf(resolution, form, length)
    const age = behind === '' ? '' : String(resolution.ageSeconds)
    return before + age + behind + ending().text
  }

  function refuse({ code }: Unknown, request: IncomingMessage, response: ServerResponse): number {
    const language = languageOf(request.headers['accept-language'])
    const { headers, before, behind } = unknownReply(code, language)
    const path = Buffer.from(JSON.stringify(request.url).slice(1, -1))
    const body = Buffer.concat([before, path, behind])
    const last = ['x-request-id', nextRequestId(), 'content-length', String(body.length)]
    response.writeHead(404, [...headers, ...last])
    response.end(body)
    return 404
  }

  return function answerFast(request, response) {
    const { method, url = '', headers } = request
    const path = paths.find(({ start }) => url.startsWith(start))
    if (path === undefined || method !== 'GET' || url.length > limits.urlBytesMax) return false
    const { start, route, isScan } = path
    if (url.includes('?') || url.includes('#')) return false
    if (isPersonal(headers) || headers['content-length'] !== undefined) return false
    if (headers['transfer-encoding'] !== undefined || !corsOrigins().includes('*')) return false
    const form = answerFormOf(headers.accept)
    if (form === 'linkset' || (isScan && wantsPage(headers.accept))) return false
    if (!path.pattern.test(url)) return false

    const startedMs = clock.monotonicMs()
    const found = inMemory.find(url, start.length)
    if (found === undefined) return false
    if (!admits(found, callerAddress(request, trustedProxies()))) return false
    const status =
      found.kind === 'answer'
        ? giveAnswer(found, form, headers, response)
        : refuse(found, request, response)
    metrics.answered(route, status, (clock.monotonicMs() - startedMs) / 1000)
    return true
  }
}

/** The heads of answers in memory, made once for each. */
function makeKnownHeads(
  { head }: Pick<ReturnType<typeof makeInMemory>, 'head'>,
  { policy }: Pick<ResolveLimits, 'policy'>,
) {
  const noneKnown = () => ({
    json: new WeakMap<Entry, AnswerHead>(),
    protobuf: new WeakMap<Entry, AnswerHead>(),
  })
  let known = noneKnown()
  let knownPolicy: string | undefined

  return (resolution: Peeked, form: Form, length: number): AnswerHead => {
    const now = policy()
    if (now !== knownPolicy) {
      known = noneKnown()
      knownPolicy = now
    }
    const kept = known[form].get(resolution.shared)
    if (kept !== undefined) return kept
    const made = head(resolution, form, length)
    known[form].set(resolution.shared, made)
    return made
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
