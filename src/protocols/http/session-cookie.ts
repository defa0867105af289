import type { FastifyReply, FastifyRequest } from 'fastify'

/** The prefix makes browsers refuse it from any other host, path or plain wire (RFC 6265bis §4.1.3.2). */
const cookieName = '__Host-qxm'

/** Gone with the browser; the session itself ends sooner. */
const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const

/** The secret of the session that a browser sends. */
export function sessionTokenOf({ cookies }: FastifyRequest): string | undefined {
  return cookies[cookieName]
}

export function setSessionCookie(reply: FastifyReply, token: string): void {
  reply.setCookie(cookieName, token, attributes)
}

export function clearSessionCookie(reply: FastifyReply): void {
  reply.clearCookie(cookieName, attributes)
}
