import t from 'tap'
import { aNode } from '../support/node.ts'

const { http, key } = await aNode(t, { demo: true })

/** A GTIN of the demo whose record has links. */
const label = `${http}/01/06901234000023`

function scan(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return fetch(url, { method, headers, redirect: 'manual' })
}

function write(method: string, path: string, body: object) {
  return fetch(http + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

t.test('a scanned label leads to its product, in the language of the phone', async t => {
  const manual = '?linkType=gs1:instructions'
  const page = await scan(`${label}/10/LOT-7/21/0001?17=261231`)
  const zh = await scan(label + manual, { 'accept-language': 'zh-CN' })
  const en = await scan(label + manual, { 'accept-language': 'en-GB' }, 'HEAD')
  const options = await scan(label, { origin: 'https://page.example' }, 'OPTIONS')

  t.equal(page.status, 307)
  t.equal(page.headers.get('location'), 'https://example.com/products/ABC-2?17=261231')
  t.match(zh.headers.get('location'), 'https://example.com/products/ABC-2/zh/manual')
  t.match(en.headers.get('location'), 'https://example.com/products/ABC-2/en/manual')
  t.equal(options.status, 204)
  t.match(options.headers.get('link'), `<${label}?linkType=linkset>; rel="linkset"`)
})

t.test('all links of a product, by each of its names', async t => {
  const names = ['88.118.8/ABC-2', '06901234000023', '(01)06901234000023(21)0001']
  const sets = []
  for (const name of names) {
    const headers = { accept: 'application/linkset+json' }
    const answer = await fetch(`${http}/v1/resolve/${encodeURIComponent(name)}`, { headers })
    sets.push(await answer.text())
  }

  t.equal(new Set(sets).size, 1)
  const targets = Object.values(JSON.parse(sets[0] ?? '').linkset[0]).filter(Array.isArray)
  t.equal(targets.flat().length, 5)
})

t.test('a record that leads elsewhere now leads there with the next scan', async t => {
  const path = '/v1/identifiers/88.118.8/ABC-2?index=1'
  const value = { index: 1, type: 'URL', data: 'https://example.com/new' }
  await scan(label)

  const written = await write('PUT', path, { kind: 'product', values: [value] })
  const { headers } = await scan(label)

  t.equal(written.status, 200)
  t.equal(headers.get('location'), 'https://example.com/new')
})

t.test('a link that is none is refused with its place, and so are too many', async t => {
  const link = '{"rel":"about","href":"https://a.cn"}'
  const values = (count: number, data = link) =>
    Array.from({ length: count }, (_, place) => ({ index: place + 1, type: 'LINK', data }))
  const broken = '{"rel":"about","href":"javascript:alert(1)"}'
  const identifier = '88.118.8/LINKS'

  const refused = await write('POST', '/v1/identifiers', { identifier, values: values(1, broken) })
  const tooMany = await write('POST', '/v1/identifiers', { identifier, values: values(1_001) })
  const farTooMany = await write('POST', '/v1/identifiers', { identifier, values: values(100_000) })

  t.equal(refused.status, 400)
  const problem = (await refused.json()) as { errors: readonly object[] }
  t.match(problem.errors[0], { pointer: '/values/0/data', rule: 'link.href' })
  t.equal(tooMany.status, 400)
  t.match(await tooMany.text(), /values/)
  t.equal(farTooMany.status, 413)
  t.equal((await scan(`${http}/v1/resolve/${identifier}`)).status, 404)
})
