import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify } from 'fastify'
import type { HttpApp } from './app.ts'
import { healthRoutes } from './health.ts'
import type { HttpParts } from './parts.ts'
import { WireFailure } from './problem.ts'
import { makeReplyProblem } from './reply-problem.ts'
import { makeServer } from './server.ts'

/** The operator's door: health and metrics, on a port of its own that strangers do not reach. It never listens by itself. */
export function buildOps(
  parts: Pick<HttpParts, 'readiness' | 'registry' | 'limits' | 'publicUrl' | 'log'>,
): HttpApp {
  const { readiness, registry, limits, publicUrl } = parts
  const app = fastify({
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    serverFactory: handle =>
      makeServer(handle, { ...limits, socketsMax: opsSocketsMax }, publicUrl),
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.setErrorHandler(makeReplyProblem(parts))
  app.setNotFoundHandler(() => {
    throw new WireFailure('ROUTE_UNKNOWN')
  })
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  healthRoutes(app, readiness)
  app.get('/metrics', { config: { action: 'public' } }, async (_request, reply) => {
    reply.header('Content-Type', registry.contentType).header('Cache-Control', 'no-store')
    return registry.metrics()
  })
  return app
}

/** Collectors and probes keep one or two sockets each. */
const opsSocketsMax = 64
