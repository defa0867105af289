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
    'delete /v1/enterprises/{code}/mapping-rules/{id}',
    'delete /v1/enterprises/{code}/prefixes/{id}',
    'delete /v1/grants/{id}',
    'delete /v1/identifiers/{identifier}',
    'delete /v1/sessions/current',
    'get /.well-known/gs1resolver',
    'get /.well-known/oauth-authorization-server',
    'get /.well-known/qxm-keys.json',
    'get /01/{identifier}',
    'get /C/{prefix}/{code}',
    'get /console',
    'get /console/login',
    'get /livez',
    'get /r/{identifier}',
    'get /readyz',
    'get /setup',
    'get /v1/accounts',
    'get /v1/applications',
    'get /v1/applications/{id}',
    'get /v1/audit',
    'get /v1/changes',
    'get /v1/clients',
    'get /v1/enterprises/{code}',
    'get /v1/enterprises/{code}/identifiers',
    'get /v1/enterprises/{code}/licences',
    'get /v1/enterprises/{code}/mapping-rules',
    'get /v1/enterprises/{code}/prefixes',
    'get /v1/enterprises/{code}/prefixes/{id}',
    'get /v1/enterprises/{code}/qr.png',
    'get /v1/enterprises/{code}/qr.svg',
    'get /v1/enterprises/{code}/status-token',
    'get /v1/files/{id}',
    'get /v1/grants',
    'get /v1/grants/{id}',
    'get /v1/identifiers',
    'get /v1/identifiers/{identifier}',
    'get /v1/imports',
    'get /v1/imports/{id}',
    'get /v1/imports/{id}/questions',
    'get /v1/imports/{id}/rows',
    'get /v1/jobs',
    'get /v1/jobs/{id}',
    'get /v1/jobs/{id}/errors',
    'get /v1/keys',
    'get /v1/labels/qr.png',
    'get /v1/labels/qr.svg',
    'get /v1/mandates',
    'get /v1/mandates/{id}',
    'get /v1/mapping/claims',
    'get /v1/notices',
    'get /v1/prefix-proofs/{id}',
    'get /v1/prefixes',
    'get /v1/prefixes/{prefix}',
    'get /v1/resolve/{identifier}',
    'get /v1/reverse',
    'get /v1/schemas',
    'get /v1/schemas/{table}',
    'get /v1/sessions/current',
    'patch /v1/applications/{id}',
    'patch /v1/enterprises/{code}',
    'patch /v1/identifiers/{identifier}',
    'patch /v1/mapping/aliases',
    'patch /v1/prefixes/{prefix}',
    'post /console/logout',
    'post /oauth/token',
    'post /setup',
    'post /v1/accounts',
    'post /v1/accounts/{id}:disable',
    'post /v1/accounts/{id}:reset',
    'post /v1/applications',
    'post /v1/applications/{id}:assign',
    'post /v1/applications/{id}:decide',
    'post /v1/applications/{id}:submit',
    'post /v1/applications/{id}:withdraw',
    'post /v1/clients',
    'post /v1/enterprises/{code}/mapping-rules',
    'post /v1/enterprises/{code}/prefixes',
    'post /v1/enterprises/{code}:resume',
    'post /v1/enterprises/{code}:revoke',
    'post /v1/enterprises/{code}:suspend',
    'post /v1/files',
    'post /v1/grants',
    'post /v1/identifiers',
    'post /v1/imports/{id}/questions/{row}:answer',
    'post /v1/imports/{id}:release',
    'post /v1/imports/{id}:rollback',
    'post /v1/imports:pull',
    'post /v1/jobs',
    'post /v1/jobs/{id}:apply',
    'post /v1/jobs/{id}:cancel',
    'post /v1/jobs/{id}:undo',
    'post /v1/keys/{purpose}/{version}:destroy',
    'post /v1/keys/{purpose}/{version}:retire',
    'post /v1/keys/{purpose}:rotate',
    'post /v1/labels',
    'post /v1/mandates',
    'post /v1/mandates/{id}:confirm',
    'post /v1/mandates/{id}:end',
    'post /v1/mapping/claims/{id}:decide',
    'post /v1/mapping:test',
    'post /v1/prefix-proofs',
    'post /v1/prefix-proofs/{id}:answer',
    'post /v1/prefixes',
    'post /v1/resolve:batch',
    'post /v1/sessions',
    'post /v1/sessions/current/setup-link',
    'post /v1/setup-links',
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

  const someone = [{ key: [] }, { session: [] }]
  t.strictSame(paths['/v1/identifiers']?.['post']?.security, someone)
  t.strictSame(paths['/v1/resolve/{identifier}']?.['get']?.security, [{}, ...someone])
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
