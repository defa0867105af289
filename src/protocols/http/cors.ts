import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route says of its methods, and whether it answers OPTIONS itself. */
    cors?: { readonly methods: string[]; readonly preflightContinue: boolean }
  }
}

/**
 * What a script in a browser may read of an answer, beside its body: everything, in the fewest bytes, for they go out with each
 * answer. (A star counts where no credentials go along, which is always so here: Fetch §3.3.) The two that GS1's tests look for
 * are named.
 */
export const exposedHeaders = '*, Link, Location'

/** A browser asks again after a day. */
const preflightSeconds = 86_400

/**
 * Lets web pages of the origins given read answers. No cookies: a page gets what it could get without a browser.
 * @param origins as they are now; `*` is any
 */
export function allowOrigins(app: FastifyInstance, origins: () => readonly string[]): void {
  app.register(cors, {
    origin: (origin, done) => {
      const allowed = origins()
      done(null, allowed.includes('*') ? '*' : origin !== undefined && allowed.includes(origin))
    },
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Accept',
      'Accept-Language',
      'Authorization',
      'Cache-Control',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'Last-Event-ID',
      'X-Purpose',
    ],
    exposedHeaders,
    maxAge: preflightSeconds,
    strictPreflight: false,
  })
}
