import t from 'tap'
import { aDoor, aSmallWorld } from './a-door.ts'

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly security?: readonly object[]
  readonly parameters?: readonly { name: string; in: string; required?: boolean }[]
  readonly responses: Readonly<Record<string, { content?: Record<string, unknown> }>>
}
type Document = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: object }
}

t.test('the document names every route, its parameters and what it may answer', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const document: Document = (await app.inject('/openapi.json')).json()
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method} ${path}`,
      operation,
    })),
  )

  t.match(document.openapi, /^3\.1\./)
  t.strictSame(operations.map(({ name }) => name).sort(), [
    'delete /v1/clients/{id}',
    'delete /v1/identifiers/{identifier}',
    'get /C/{prefix}/{code}',
    'get /livez',
    'get /r/{identifier}',
    'get /readyz',
    'get /v1/applications',
    'get /v1/applications/{id}',
    'get /v1/audit',
    'get /v1/changes',
    'get /v1/clients',
    'get /v1/enterprises/{code}',
    'get /v1/enterprises/{code}/qr.png',
    'get /v1/enterprises/{code}/qr.svg',
    'get /v1/identifiers',
    'get /v1/identifiers/{identifier}',
    'get /v1/mandates/{id}',
    'get /v1/notices',
    'get /v1/prefixes',
    'get /v1/prefixes/{prefix}',
    'get /v1/resolve/{identifier}',
    'get /v1/reverse',
    'get /v1/schemas',
    'get /v1/schemas/{table}',
    'patch /v1/applications/{id}',
    'patch /v1/enterprises/{code}',
    'patch /v1/identifiers/{identifier}',
    'patch /v1/prefixes/{prefix}',
    'post /v1/applications',
    'post /v1/applications/{id}:assign',
    'post /v1/applications/{id}:decide',
    'post /v1/applications/{id}:submit',
    'post /v1/applications/{id}:withdraw',
    'post /v1/clients',
    'post /v1/enterprises/{code}:resume',
    'post /v1/enterprises/{code}:revoke',
    'post /v1/enterprises/{code}:suspend',
    'post /v1/identifiers',
    'post /v1/mandates',
    'post /v1/mandates/{id}:confirm',
    'post /v1/mandates/{id}:end',
    'post /v1/prefixes',
    'post /v1/resolve:batch',
    'put /v1/identifiers/{identifier}',
  ])
  for (const { name, operation } of operations) {
    t.ok(operation.operationId, name)
    t.ok(operation.summary, name)
    if (!name.includes('/v1/')) continue
    for (const status of ['400', '401', '429', '500', '503']) {
      t.ok(operation.responses[status]?.content?.['application/problem+json'], `${name} ${status}`)
    }
  }
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
})

t.test('what needs a credential says so', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const { paths }: Document = (await app.inject('/openapi.json')).json()

  t.strictSame(paths['/v1/identifiers']?.['post']?.security, [{ key: [] }])
  t.strictSame(paths['/v1/resolve/{identifier}']?.['get']?.security, [{}, { key: [] }])
})

t.test('every reference of the document leads somewhere', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const { body, ...response } = await app.inject('/openapi.json')
  const document: Document = response.json()
  const named = [...body.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name,
  )

  t.ok(named.length > 20)
  t.strictSame([...new Set(named)].sort(), Object.keys(document.components.schemas).sort())
  t.notMatch(body, /"\$ref":"(?!#\/components)/)
})

t.test('the page of the document is all our own', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const page = await app.inject('/docs/')

  t.equal(page.statusCode, 200)
  t.notMatch(page.headers['content-security-policy'], /https:|upgrade-insecure/)
  t.notMatch(page.body, /(?:src|href)="https?:/)
})
