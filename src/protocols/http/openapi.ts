import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema } from 'fastify'

/** `/openapi.json` (OpenAPI 3.1) and its page at `/docs`, from the schemas that also validate. */
export function publishOpenApi(
  app: FastifyInstance,
  publicUrl: () => string,
  openActions: ReadonlySet<string>,
): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'qxm', version: '1', description, license: { name: 'Apache-2.0' } },
      components: {
        securitySchemes: {
          key: {
            type: 'http',
            scheme: 'bearer',
            description: 'an API key, `qxk_…`, or an access token of `/oauth/token`',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: '__Host-qxm',
            description: 'of a person who is logged in; a write must come from a page of the node',
          },
        },
      },
    },
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema${index}`,
    },
    transform: ({ schema, url, route }) => {
      const shown = showWildcard(schema ?? {}, url)
      const needsKey = !openActions.has(route.config?.action ?? 'public')
      const someone = [{ key: [] }, { session: [] }]
      const security = needsKey ? someone : [{}, ...someone]
      return { ...shown, schema: { ...shown.schema, security } }
    },
  })
  app.register(swaggerUi, { routePrefix: '/docs', staticCSP: pagePolicy })
  app.get(
    '/openapi.json',
    { config: { action: 'public' }, schema: { hide: true } as FastifySchema },
    async (_request, reply) => {
      reply.header('Cache-Control', 'no-cache')
      return { ...app.swagger(), servers: [{ url: publicUrl() }] }
    },
  )
}

/** The page is all our own; the library's default would load fonts and badges from elsewhere, and insist on TLS. */
const pagePolicy =
  "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; object-src 'none'"

const description = [
  '工业互联网标识二级节点。A secondary node of the industrial-internet identifier hierarchy.',
  '',
  'An `{identifier}` at the end of a path may hold raw slashes or be percent-encoded; it is decoded once, `+` is a',
  'plus, and `?` and `#` must be encoded. Failures are problem documents (RFC 9457) in the language of',
  '`Accept-Language`. Headers above the limit are refused with 431 before a route is found.',
].join('\n')

/** The router's wildcard is a path parameter to readers. */
function showWildcard<Schema extends FastifySchema>(schema: Schema, url: string) {
  if (!url.endsWith('/*')) return { schema, url }
  const name = url.includes('/prefixes/') ? 'prefix' : 'identifier'
  const params = {
    type: 'object',
    properties: {
      [name]: {
        type: 'string',
        minLength: 1,
        description: 'raw slashes are allowed, `?` and `#` are not',
      },
    },
    required: [name],
  }
  return { schema: { ...schema, params }, url: `${url.slice(0, -1)}:${name}` }
}
