import type { IncomingMessage, ServerResponse } from 'node:http'
import { foldAscii } from '../../../model/identifier.ts'
import type { Reference } from '../../../model/value.ts'
import { printKeyName } from '../../handle/identity/prove.ts'
import { Refusal, refusalOf } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import {
  type Asker,
  asksForOwnProof,
  type Fields,
  makeCredentials,
  parseFields,
} from './credentials.ts'
import {
  first,
  flag,
  indexesIn,
  numberIn,
  type Parameters,
  parametersOfJson,
  parseParameters,
  strictFlag,
} from './parameters.ts'
import type { RestParts } from './parts.ts'
import { decodePath } from './paths.ts'
import { readBody } from './read-body.ts'
import { callbackName, type ReplyForm, type RestReply, writeReply } from './reply.ts'
import { makeSessions, type Session } from './sessions.ts'
import { statusOf } from './statuses.ts'
import { readValues, restValue } from './value-json.ts'

/** Handles of one list; more are read page by page. */
const listedMax = 100_000

/** A request of the API, read as far as every route needs it. */
interface RestRequest {
  readonly raw: IncomingMessage
  readonly method: string
  /** What stands behind `/api/`, not decoded. */
  readonly path: string
  readonly parameters: Parameters
  readonly asker: Asker
  readonly identity: Reference | undefined
  readonly isTrusted: boolean
  readonly body: Buffer
}

/** The JSON REST API of Handle.Net 9 (Technical Manual, chapter 14) under `/api/`. */
export function makeRest(parts: RestParts) {
  const { desk, ask, settings, addressOf } = parts
  const sessions = makeSessions(parts)
  const credentials = makeCredentials(parts, sessions)

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

  async function routeHandles(request: RestRequest, rawHandle: string): Promise<RestReply> {
    const { method } = request
    const handle = decodePath(rawHandle)
    switch (method) {
      case 'GET':
      case 'HEAD':
        return handle === '' ? list(request) : resolve(request, handle, request.parameters)
      case 'POST': {
        const parameters = new Map([...request.parameters, ...bodyParameters(request)])
        return handle === ''
          ? list({ ...request, parameters })
          : resolve(request, handle, parameters)
      }
      case 'PUT':
        return put(request, handle)
      case 'DELETE':
        return remove(request, handle)
      default:
        return notAllowed(method, 'GET, HEAD, POST, PUT, DELETE, OPTIONS')
    }
  }

  async function resolve(
    request: RestRequest,
    handle: string,
    parameters: Parameters,
  ): Promise<RestReply> {
    const { identity } = request
    const publicOnly = flag(parameters, 'publicOnly', identity === undefined)
    try {
      const answer = await ask({
        handle,
        indexes: indexesIn(parameters),
        types: parameters.get('type') ?? [],
        publicOnly,
        mayChallenge: true,
        fresh: flag(parameters, 'auth'),
        identity,
        address: addressOf(request.raw),
      })
      const values = answer.values.map(restValue)
      if (answer.kind === 'values')
        return { status: 200, json: { responseCode: 1, handle, values } }
      if (flag(parameters, 'doNotRefer')) throw new Refusal(responseCodes.SERVER_NOT_RESP)
      const isService = answer.kind === 'service'
      const responseCode = isService
        ? responseCodes.SERVICE_REFERRAL
        : responseCodes.PREFIX_REFERRAL
      return { status: 300, json: { responseCode, handle, referralHandle: '', values } }
    } catch (error) {
      if (refusalOf(error)?.responseCode !== responseCodes.VALUES_NOT_FOUND) throw error
      // Not an error here: the handle is there, and nothing of it was asked for.
      return {
        status: 200,
        json: { responseCode: responseCodes.VALUES_NOT_FOUND, handle, values: [] },
      }
    }
  }

  async function put(request: RestRequest, asked: string): Promise<RestReply> {
    const { parameters, identity } = request
    if (!isJson(request.raw)) {
      throw new Refusal(responseCodes.PROTOCOL_ERROR, 'the body must be application/json')
    }
    const { values, handle: named } = readValues(parseJson(request.body))
    if (named !== undefined && foldAscii(named) !== foldAscii(asked)) {
      throw new Refusal(responseCodes.PROTOCOL_ERROR, 'handle mismatch')
    }
    const overwrite = strictFlag(parameters, 'overwrite', true)
    if (parameters.has('index')) {
      requireSameIndexes(parameters, values)
      const overwrote = await desk.addValues(identity, asked, values, { overwrite })
      return done(asked, overwrote ? 200 : 201)
    }
    const mint = strictFlag(parameters, 'mintNewSuffix', false)
    const { handle, overwrote } = await desk.create(identity, asked, values, { overwrite, mint })
    return done(handle, overwrote ? 200 : 201)
  }

  async function remove({ parameters, identity }: RestRequest, handle: string): Promise<RestReply> {
    if (parameters.has('index')) await desk.removeValues(identity, handle, indexesIn(parameters))
    else await desk.remove(identity, handle)
    return done(handle, 200)
  }

  async function list({ parameters, identity }: RestRequest): Promise<RestReply> {
    const prefix = first(parameters, 'prefix')
    if (prefix === undefined) throw new Refusal(responseCodes.INVALID_HANDLE, 'no handle')
    const [page, pageSize] = [numberIn(parameters, 'page'), numberIn(parameters, 'pageSize')]
    const isPaged = page !== undefined && pageSize !== undefined && page >= 0 && pageSize >= 0
    const from = isPaged ? page * pageSize : 0
    const to = isPaged ? from + Math.min(pageSize, listedMax) : listedMax
    const handles: string[] = []
    let count = 0
    for await (const handle of await desk.list(identity, prefix)) {
      if (count >= from && count < to) handles.push(handle)
      count += 1
      if (!isPaged && count > listedMax) {
        throw new Refusal(responseCodes.ERROR, 'too many for one list: ask by page and pageSize')
      }
    }
    const json = {
      responseCode: 1,
      prefix,
      totalCount: String(count),
      ...(isPaged ? { page, pageSize } : {}),
      handles,
    }
    return { status: 200, json }
  }

  async function routePrefixes(
    { method, identity }: RestRequest,
    rawPrefix: string,
  ): Promise<RestReply> {
    const prefix = decodePath(rawPrefix)
    switch (method) {
      case 'GET':
      case 'HEAD': {
        const prefixes = desk.listHomed(identity)
        return {
          status: 200,
          json: { responseCode: 1, totalCount: String(prefixes.length), prefixes },
        }
      }
      case 'POST':
        await desk.home(identity, prefix)
        return done(prefix, 200)
      case 'DELETE':
        await desk.unhome(identity, prefix)
        return done(prefix, 200)
      default:
        return notAllowed(method, 'GET, HEAD, POST, DELETE, OPTIONS')
    }
  }

  async function routeSessions(request: RestRequest, path: string): Promise<RestReply> {
    const { method, asker, isTrusted } = request
    // A session over a connection that others can read would be anybody's.
    if (!isTrusted) throw new Refusal(responseCodes.INVALID_ADMIN, 'sessions need TLS')
    const session = asker.kind === 'anyone' ? sessionOf(request) : asker.session
    if (path === '') {
      if (method !== 'POST') return notAllowed(method, 'POST, OPTIONS')
      if (session !== undefined) {
        throw new Refusal(responseCodes.PROTOCOL_ERROR, 'there is a session already')
      }
      const opened = sessions.open()
      if (asker.kind === 'known') sessions.prove(opened, asker.identity)
      const json = await sessionJson(opened, request)
      return { status: 201, json, headers: { Location: '/api/sessions/this' } }
    }
    if (path !== 'this') throw new Refusal(responseCodes.INVALID_ADMIN, 'unknown session')
    return thisSession(request, session)
  }

  async function thisSession(
    request: RestRequest,
    session: Session | undefined,
  ): Promise<RestReply> {
    const { method, asker } = request
    if (method === 'GET' || method === 'HEAD') {
      const json = session ? await sessionJson(session, request) : { authenticated: false }
      return { status: 200, json }
    }
    if (session === undefined) return { status: 403, json: { error: 'unknown session' } }
    if (method === 'DELETE') {
      sessions.close(session)
      return { status: 204 }
    }
    if (method !== 'PUT' && method !== 'POST') {
      return notAllowed(method, 'GET, PUT, POST, DELETE, OPTIONS')
    }
    if (asker.kind === 'refused') {
      return { status: 401, json: { ...(await sessionJson(session, request)), error: asker.error } }
    }
    const fields = new Map([...headerFields(request), ...bodyFields(request)])
    if (!asksForOwnProof(fields) && (asker.kind === 'anyone' || fields.size > 1)) {
      try {
        if (!(asker.kind === 'known' && headerFields(request).has('id'))) {
          await credentials.proveTo(session, fields, request.raw)
        }
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal === undefined) throw error
        const json = await sessionJson(session, request)
        return { status: 401, json: { ...json, error: refusal.message || 'failed' } }
      }
    }
    return { status: 200, json: await sessionJson(session, request) }
  }

  /** The session a request names without a proof, in its header or its body. */
  function sessionOf(request: RestRequest): Session | undefined {
    const id = headerFields(request).get('sessionId') ?? bodyFields(request).get('sessionId')
    return id === undefined ? undefined : sessions.find(id)
  }

  async function sessionJson(session: Session, request: RestRequest): Promise<object> {
    const { id, nonce, identity } = session
    const fields = new Map([...headerFields(request), ...bodyFields(request)])
    return {
      sessionId: id,
      nonce: nonce.toString('base64'),
      ...(await ownProof(session, fields)),
      authenticated: identity !== undefined,
      ...(identity === undefined ? {} : { id: printKeyName(identity) }),
    }
  }

  /** For who asks whether it is us: both nonces signed with the key of our site record. */
  async function ownProof({ nonce }: Session, fields: Fields): Promise<object | undefined> {
    const { sign } = parts.site()
    if (sign === undefined || !asksForOwnProof(fields)) return undefined
    const cnonce = Buffer.from(fields.get('cnonce') ?? '', 'base64')
    const signature = await sign(Buffer.concat([nonce, cnonce]))
    return { serverAlg: 'SHA256', serverSignature: signature.toString('base64') }
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

  /** How one may say who one is (RFC 9110 §11.6.1). Basic makes browsers ask their users, which scripts do not want. */
  async function challengeHeaders(raw: IncomingMessage, session = sessions.open(), error?: string) {
    const { authorization = '', 'x-requested-with': requestedWith } = raw.headers
    const isBasicOffered =
      requestedWith !== 'XMLHttpRequest' && /^(?:$|basic )/i.test(authorization)
    const said = {
      sessionId: session.id,
      nonce: session.nonce.toString('base64'),
      ...(await ownProof(session, headerFields({ raw }))),
      ...(error === undefined ? {} : { error }),
    }
    const fields = Object.entries(said).map(([name, value]) => `${name}="${value}"`)
    return {
      'WWW-Authenticate': [
        ...(isBasicOffered ? ['Basic realm="handle"'] : []),
        `Handle ${fields.join(', ')}`,
      ],
    }
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

function done(handle: string, status: number): RestReply {
  return { status, json: { responseCode: responseCodes.SUCCESS, handle } }
}

/** A verb we know on a path that has it not is 405, one that nobody knows 501. */
function notAllowed(method: string, allow: string): RestReply {
  const known = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'].includes(
    method,
  )
  const json = {
    responseCode: responseCodes.PROTOCOL_ERROR,
    message: `${method} is not for this path`,
  }
  return { status: known ? 405 : 501, json, headers: { Allow: allow } }
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

function requireSameIndexes(parameters: Parameters, values: readonly { index: number }[]): void {
  if (first(parameters, 'index') === 'various') return
  const asked = new Set(indexesIn(parameters))
  const isSame = asked.size === values.length && values.every(({ index }) => asked.has(index))
  if (!isSame)
    throw new Refusal(responseCodes.PROTOCOL_ERROR, 'indexes differ from those of the body')
}

function isJson({ headers }: IncomingMessage): boolean {
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';')
  return mediaType.trim().toLowerCase() === 'application/json'
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Refusal(responseCodes.PROTOCOL_ERROR, 'the body is no JSON')
  }
}

/** A POST is a GET whose parameters lie in its body. */
function bodyParameters({ raw, body }: RestRequest): Parameters {
  if (body.length === 0) return new Map()
  return isJson(raw) ? parametersOfJson(parseJson(body)) : parseParameters(body.toString())
}

function headerFields({ raw }: Pick<RestRequest, 'raw'>): Fields {
  const [, text = ''] = /^handle (.*)$/i.exec(raw.headers.authorization ?? '') ?? []
  return parseFields(text)
}

function bodyFields({ raw, body }: RestRequest): Fields {
  if (body.length === 0 || !isJson(raw)) return new Map()
  const parameters = parametersOfJson(parseJson(body))
  return new Map([...parameters].map(([name, [value = '']]) => [name, value]))
}
