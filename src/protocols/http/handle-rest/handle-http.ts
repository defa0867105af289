import type { IncomingMessage, ServerResponse } from 'node:http'
import { certificateOf } from '../client-certificate.ts'
import { handleRoute } from '../metrics.ts'
import { handlesPath, type KeptHandles } from './kept-handles.ts'
import type { RestParts } from './parts.ts'
import { proxiedHandle } from './paths.ts'
import { makeProxy } from './proxy.ts'
import { makeRest } from './rest.ts'

/** Answers what is Handle's among the requests of the HTTP door and says whether it did. */
export type AnswerHandleHttp = (request: IncomingMessage, response: ServerResponse) => boolean

export interface HandleHttpParts extends RestParts {
  /** The Handle protocol itself in HTTP bodies. */
  readonly tunnel: {
    readonly isTunnelled: (request: IncomingMessage) => boolean
    readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<number>
  }
  /** What memory answers at once. */
  readonly kept: KeptHandles
  readonly onAnswered: (route: string, status: number, seconds: number) => void
}

/** Under `/api/` these belong to others. */
const otherApis = /^\/api\/(?:v1|identityv2)(?:[/?]|$)/

/** Asks for all that anyone may see, says nothing of who asks, and has no parameters. */
function isPlain(request: IncomingMessage): boolean {
  const { method, url = '', headers } = request
  return (
    method === 'GET' &&
    !url.includes('?') &&
    !url.includes('#') &&
    headers.authorization === undefined &&
    headers.cookie === undefined &&
    headers.origin === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    certificateOf(request) === undefined
  )
}

/** The tunnel on any path, then the REST API, then, of what no other API has, the proxy. */
export function makeHandleHttp(parts: HandleHttpParts): AnswerHandleHttp {
  const { tunnel, kept, urlBytesMax, log, clock } = parts
  const answerRest = makeRest(parts)
  const answerProxied = makeProxy(parts)

  function run(
    route: string,
    request: IncomingMessage,
    response: ServerResponse,
    answer: Promise<number>,
  ): true {
    const startedMs = clock.monotonicMs()
    answer.then(
      status => parts.onAnswered(route, status, (clock.monotonicMs() - startedMs) / 1000),
      error => {
        // The sender went away in the middle, or a mistake of ours; there is nothing left to say to it.
        if (!request.destroyed) log.error({ err: error }, 'Handle over HTTP failed')
        response.destroy()
      },
    )
    return true
  }

  /** @returns whether memory has the whole answer for anyone, and it was given */
  function answerKept(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '' } = request
    if (!url.startsWith(handlesPath) || !isPlain(request)) return false
    const startedMs = clock.monotonicMs()
    const found = kept.find(url.slice(handlesPath.length))
    if (found === undefined) return false
    if (!kept.limits.admits(parts.addressOf(request), found.identifier)) return false
    response.writeHead(200, [...found.headers])
    response.end(found.body)
    parts.onAnswered(handleRoute, 200, (clock.monotonicMs() - startedMs) / 1000)
    return true
  }

  return function answerHandleHttp(request, response) {
    if (tunnel.isTunnelled(request)) {
      return run('handle tunnel', request, response, tunnel.answer(request, response))
    }
    const { url = '', method } = request
    // What is too long is refused where everything is.
    if (url.length > urlBytesMax) return false
    if (answerKept(request, response)) return true
    if (url.startsWith('/api/') && !otherApis.test(url)) {
      return run(handleRoute, request, response, answerRest(request, response))
    }
    if (method !== 'GET' && method !== 'HEAD') return false
    const mark = url.indexOf('?')
    const handle = proxiedHandle(mark < 0 ? url : url.slice(0, mark))
    if (handle === undefined) return false
    const query = mark < 0 ? '' : url.slice(mark + 1)
    return run('handle proxy', request, response, answerProxied(request, response, handle, query))
  }
}
