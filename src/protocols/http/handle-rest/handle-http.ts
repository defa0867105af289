import type { IncomingMessage, ServerResponse } from 'node:http'
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
  readonly onAnswered: (route: string, status: number, seconds: number) => void
}

/** Under `/api/` these belong to others. */
const otherApis = /^\/api\/(?:v1|identityv2)(?:[/?]|$)/

/** The tunnel on any path, then the REST API, then, of what no other API has, the proxy. */
export function makeHandleHttp(parts: HandleHttpParts): AnswerHandleHttp {
  const { tunnel, urlBytesMax, log, clock } = parts
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

  return function answerHandleHttp(request, response) {
    if (tunnel.isTunnelled(request)) {
      return run('handle tunnel', request, response, tunnel.answer(request, response))
    }
    const { url = '', method } = request
    // What is too long is refused where everything is.
    if (url.length > urlBytesMax) return false
    if (url.startsWith('/api/') && !otherApis.test(url)) {
      return run('/api/*', request, response, answerRest(request, response))
    }
    if (method !== 'GET' && method !== 'HEAD') return false
    const mark = url.indexOf('?')
    const handle = proxiedHandle(mark < 0 ? url : url.slice(0, mark))
    if (handle === undefined) return false
    const query = mark < 0 ? '' : url.slice(mark + 1)
    return run('handle proxy', request, response, answerProxied(request, response, handle, query))
  }
}
