import { Type } from 'typebox'
import type { HttpApp } from './app.ts'
import type { HttpParts } from './parts.ts'
import { closed, json } from './schemas.ts'

const readinessSchema = closed({ ready: Type.Boolean(), degraded: Type.Array(Type.String()) })

/** `/livez`: this process answers. `/readyz`: requests should be sent here. They are not the same: a node that drains lives. */
export function healthRoutes(app: HttpApp, readiness: HttpParts['readiness']): void {
  app.get(
    '/livez',
    {
      config: { action: 'public' },
      schema: {
        operationId: 'live',
        summary: 'The process answers',
        tags: ['health'],
        response: { 200: json('alive', closed({ live: Type.Literal(true) })) },
      },
    },
    async () => ({ live: true }),
  )

  app.get(
    '/readyz',
    {
      config: { action: 'public' },
      schema: {
        operationId: 'ready',
        summary: 'Requests should be sent here, and what is degraded',
        tags: ['health'],
        response: { 200: json('ready', readinessSchema), 503: json('not ready', readinessSchema) },
      },
    },
    async (_request, reply) => {
      const { ready, degraded } = await readiness()
      reply.code(ready ? 200 : 503)
      return { ready, degraded }
    },
  )
}
