import type { IncomingMessage } from 'node:http'
import { printKeyName } from '../../handle/identity/prove.ts'
import { Refusal, refusalOf } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { asksForOwnProof, type Credentials, type Fields } from './credentials.ts'
import type { RestParts } from './parts.ts'
import { notAllowed, type RestReply } from './reply.ts'
import { bodyFields, headerFields, type RestRequest } from './rest-request.ts'
import type { Session, Sessions } from './sessions.ts'

/** Sessions of the API, in which clients prove who they are, and the header that invites to one. */
export function makeSessionRoutes(
  parts: Pick<RestParts, 'site'>,
  sessions: Sessions,
  credentials: Credentials,
) {
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

  return { routeSessions, challengeHeaders }
}
