import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refusal, refusalOf } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { makeCredentials } from './credentials.ts'
import { makeHandleRoutes } from './handle-routes.ts'
import { first, flag, parseParameters } from './parameters.ts'
import type { RestParts } from './parts.ts'
import { decodePath } from './paths.ts'
import { readBody } from './read-body.ts'
import { callbackName, type ReplyForm, type RestReply, writeReply } from './reply.ts'
import type { RestRequest } from './rest-request.ts'
import { makeSessionRoutes } from './session-routes.ts'
import { makeSessions } from './sessions.ts'
import { statusOf } from './statuses.ts'

/** The JSON REST API of Handle.Net 9 (Technical Manual, chapter 14) under `/api/`. */
export function makeRest(parts: RestParts) {
  const { settings } = parts
  const sessions = makeSessions(parts)
  const credentials = makeCredentials(parts, sessions)
  const { routeHandles, routePrefixes } = makeHandleRoutes(parts)
  const { routeSessions, challengeHeaders } = makeSessionRoutes(parts, sessions, credentials)

  async function route(request: RestRequest): Promise<RestReply> {
    const { path } = request
    const [area = ''] = path.split('/', 1)
    switch (area) {
      case 'handles':
        return routeHandles(request, rest(path, area))
      case 'sessions':
        return routeSessions(request, rest(path, area))
      case 'prefixes':
        return routePrefixes(request, rest(path, area))
      case 'site':
        return { status: 200, json: { responseCode: 1, site: parts.site().sites[0] } }
      default:
        throw new Refusal(responseCodes.PROTOCOL_ERROR, 'unknown API')
    }
  }

  /** A refusal in this API's words: codes are sent as they are, since its clients read them all. */
  async function refusalReply(refusal: Refusal, request: RestRequest): Promise<RestReply> {
    const { responseCode, message } = refusal
    const handle = handleIn(request.path)
    const json = {
      responseCode,
      ...(handle === undefined ? {} : { handle }),
      ...(message === '' ? {} : { message }),
    }
    if (responseCode !== responseCodes.AUTHENTICATION_NEEDED) {
      return { status: statusOf(responseCode), json }
    }
    if (!request.isTrusted) return { status: 403, json }
    return { status: 401, json, headers: await challengeHeaders(request.raw) }
  }

  return async function answerRest(
    raw: IncomingMessage,
    response: ServerResponse,
  ): Promise<number> {
    const url = raw.url ?? ''
    const mark = url.indexOf('?')
    const path = url.slice('/api/'.length, mark < 0 ? undefined : mark)
    const method = raw.method ?? 'GET'
    const parameters = parseParameters(mark < 0 ? '' : url.slice(mark + 1))
    const isTrusted = settings.plainCredentials || parts.isSecure(raw)
    const callback = first(parameters, 'callback')
    const hasCredential =
      raw.headers.authorization !== undefined || raw.headers.cookie !== undefined
    const form: ReplyForm = {
      pretty: flag(parameters, 'pretty'),
      callback:
        settings.jsonp && callback !== undefined && method === 'GET' && !hasCredential
          ? callbackName(callback)
          : undefined,
      isHead: method === 'HEAD',
    }
    const cors = corsHeaders(raw, parts.corsOrigins())

    function send(reply: RestReply): number {
      writeReply(response, { ...reply, headers: { ...cors, ...reply.headers } }, form)
      return reply.status
    }

    if (method === 'OPTIONS') return send(preflight)
    const body = await readBody(raw, parts.bodyBytesMax)
    if (body === 'tooLarge') {
      const json = { responseCode: responseCodes.PROTOCOL_ERROR, message: 'the body is too large' }
      return send({ status: 413, json, headers: { Connection: 'close' } })
    }
    const blank = { raw, method, path, parameters, isTrusted, body }
    const unknown: RestRequest = { ...blank, asker: { kind: 'anyone' }, identity: undefined }
    try {
      const asker = isTrusted ? await credentials.askerOf(raw) : unknown.asker
      if (asker.kind === 'refused' && !path.startsWith('sessions/')) {
        const headers = await challengeHeaders(raw, asker.session, asker.error)
        return send({ status: 401, headers })
      }
      const identity = asker.kind === 'known' ? asker.identity : undefined
      return send(await route({ ...blank, asker, identity }))
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === undefined) parts.log.error({ err: error }, 'Handle REST request failed')
      return send(await refusalReply(refusal ?? new Refusal(responseCodes.ERROR), unknown))
    }
  }
}

const preflight: RestReply = {
  status: 204,
  headers: {
    Allow: 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, DELETE',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type',
    'Access-Control-Max-Age': '86400',
  },
}

/** Pages of others may read what anybody may; credentials of a browser are never sent along. */
function corsHeaders({ headers }: IncomingMessage, origins: readonly string[]) {
  const { origin } = headers
  if (origin === undefined) return {}
  const isAllowed = origins.includes('*') || origins.includes(origin)
  return {
    ...(isAllowed ? { 'Access-Control-Allow-Origin': origins.includes('*') ? '*' : origin } : {}),
    'Access-Control-Expose-Headers': 'Location, WWW-Authenticate',
    Vary: 'Origin',
  }
}

/** What stands behind the area; one superfluous slash is dropped. */
function rest(path: string, area: string): string {
  return path.slice(area.length).replace(/^\/\/?/, '')
}

function handleIn(path: string): string | undefined {
  if (!path.startsWith('handles/')) return undefined
  try {
    return decodePath(rest(path, 'handles')) || undefined
  } catch {
    return undefined
  }
}
