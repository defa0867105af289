import t from 'tap'
import { anOperator, aPrefix, aRecord, aSubject } from '../../support/builders.ts'
import { aDoor } from './a-door.ts'

t.test('smoke', async t => {
  const { app, logged } = aDoor(t, {
    subjects: [aSubject('aaaaaaaaaaaaaa')],
    prefixes: [aPrefix('88.118.8', { owner: 'aaaaaaaaaaaaaa' })],
    records: [aRecord()],
    callers: { op: anOperator },
  })
  await app.listen({ port: 0 })
  const { port } = app.server.address() as { port: number }
  const base = `http://127.0.0.1:${port}`
  const auth = { authorization: 'Bearer op' }
  async function go(path: string, init: RequestInit = {}) {
    const r = await fetch(base + path, init)
    const text = await r.text()
    console.error(
      init.method ?? 'GET',
      path,
      r.status,
      JSON.stringify(Object.fromEntries(r.headers)),
      text.slice(0, 1500),
    )
  }
  await go('/v1/resolve/88.118.8/ABC-1')
  await go('/v1/resolve/88.118.8/ABC-1')
  await go('/v1/resolve/88.118.8%2FABC-1?trace=1', { headers: { 'accept-language': 'en' } })
  await go('/v1/resolve/88.118.8/ABC-2')
  await go('/v1/resolve/88.118.8/%FF')
  await go('/v1/resolve/88.118.8/中文')
  await go('/v1/resolve/88.118.8/ABC-1?type=URL&index=9&foo=1')
  await go('/v1/resolve:batch', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifiers: ['88.118.8/ABC-1', '88.118.8/no', 'http:///'] }),
  })
  await go('/v1/identifiers', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...auth },
    body: JSON.stringify({
      identifier: '88.118.8/new',
      kind: 'product',
      values: [{ index: 1, type: 'URL', data: 'x' }],
    }),
  })
  await go('/v1/identifiers', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...auth },
    body: JSON.stringify({ identifier: 7, values: [{ index: 0, data: {} }], x: 1 }),
  })
  await go('/v1/identifiers/88.118.8/new', { headers: auth })
  await go('/v1/identifiers?prefix=88.118.8', { headers: auth })
  await go('/v1/identifiers/88.118.8/new', {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json', 'if-match': '"7"', ...auth },
    body: '{"values":[]}',
  })
  await go('/v1/identifiers/88.118.8/new', { method: 'DELETE', headers: auth })
  await go('/v1/resolve/88.118.8/new')
  await go('/v1/resolve/88.118.8/new', { method: 'DELETE' })
  await go('/nope')
  await go('/v1/prefixes', { headers: auth })
  await go('/v1/changes', { headers: auth })
  await go('/livez')
  await go('/readyz')
  await go('/openapi.json')
  await go('/docs/')
  await go('/v1/resolve/88.118.8/ABC-1', {
    method: 'OPTIONS',
    headers: { origin: 'https://x.cn', 'access-control-request-method': 'GET' },
  })
  await go('/v1/resolve/88.118.8/ABC-1', { method: 'HEAD' })
  console.error(logged)
  t.pass()
})
