import t from 'tap'
import { aRecord } from '../../../support/builders.ts'
import { aDoor, publicUrl } from '../a-door.ts'
import { aShop, browser, gtin, product, vocabulary } from '../gs1/a-shop.ts'
import { linksetErrors } from './linkset-schema.ts'

const linkset = { accept: 'application/linkset+json' }
const bare = aRecord({ identifier: '88.118.8/BARE', values: [] })
const { app, house } = aDoor(t, { ...aShop, records: [...aShop.records, bare] })

t.test(
  'whoever asks for a link set gets one, as RFC 9264 has it, under our own address',
  async t => {
    const urls = ['/v1/resolve/88.118.8/ABC-1', '/r/88.118.8/ABC-1', `/r/01%2F${gtin}`]
    for (const url of urls) {
      const { statusCode, headers, ...answer } = await app.inject({
        url,
        headers: { ...linkset, host: 'elsewhere.example' },
      })
      const set = answer.json()

      t.equal(statusCode, 200)
      t.equal(headers['content-type'], 'application/linkset+json')
      t.equal(headers['vary'], 'Accept')
      t.match(headers['link'], /rel="http:\/\/www\.w3\.org\/ns\/json-ld#context"/)
      t.strictSame(linksetErrors(set), [])
      t.equal(set.linkset[0].anchor, `${publicUrl}/r/88.118.8%2FABC-1`)
      t.equal(set.linkset[0][`${vocabulary}defaultLink`][0].href, 'https://example.com/abc-1')
      t.strictSame(set.linkset[0][`${vocabulary}instructions`], [
        { href: 'https://example.com/zh', hreflang: ['zh'], title: 'instructions' },
        { href: 'https://example.com/en', hreflang: ['en'], title: 'instructions' },
      ])
    }
  },
)

t.test('what knows no links has an empty set of them', async t => {
  const answer = await app.inject({ url: '/v1/resolve/88.118.8/BARE', headers: linkset })

  t.strictSame(answer.json(), { linkset: [{ anchor: `${publicUrl}/r/88.118.8%2FBARE` }] })
  t.strictSame(linksetErrors(answer.json()), [])
})

t.test('every answer with links tells the first of them, and where all are', async t => {
  const page = { url: '/r/88.118.8/ABC-1', headers: { accept: browser } }
  for (const request of ['/v1/resolve/88.118.8/ABC-1', '/r/88.118.8/ABC-1', page]) {
    const { headers } = await app.inject(request)
    const header = String(headers['link'])

    t.ok(
      header.startsWith(
        `<${publicUrl}/v1/resolve/88.118.8%2FABC-1>; rel="linkset"; type="application/linkset+json"`,
      ),
    )
    t.match(header, `<https://example.com/c>; rel="${vocabulary}certificationInfo"`)
    t.match(header, /title\*=UTF-8''%E5%90%88/)
  }
  t.equal((await app.inject('/v1/resolve/88.118.8/BARE')).headers['link'], undefined)
})

t.test('the links are those of the record as it is now', async t => {
  const url = '/v1/resolve/88.118.8/ABC-1'
  const before = await app.inject({ url, headers: linkset })
  house.records.set(product.key, { ...product, serial: 2, values: product.values.slice(0, 1) })
  house.onWritten([product.key])

  const after = await app.inject({ url, headers: linkset })
  const header = String((await app.inject(url)).headers['link'])

  t.not(after.headers['etag'], before.headers['etag'])
  t.notMatch(after.body, 'certificationInfo')
  t.notMatch(header, 'certificationInfo')
  const tag = { ...linkset, 'if-none-match': String(after.headers['etag']) }
  t.equal((await app.inject({ url, headers: tag })).statusCode, 304)
})

t.test('a link set is another representation: its tag is not that of the answer', async t => {
  const url = '/v1/resolve/88.118.8/ABC-1'
  const json = await app.inject(url)
  const set = await app.inject({ url, headers: linkset })

  t.not(set.headers['etag'], json.headers['etag'])
})

t.test('people get the page, and failures are problems, whatever was asked for', async t => {
  const page = await app.inject({ url: '/r/88.118.8/ABC-1', headers: { accept: browser } })
  const both = await app.inject({
    url: '/r/88.118.8/ABC-1',
    headers: { accept: 'application/linkset+json, text/html;q=0.9' },
  })
  const unknown = await app.inject({ url: '/v1/resolve/88.118.8/none', headers: linkset })
  const traced = await app.inject({ url: '/v1/resolve/88.118.8/ABC-1?trace=1', headers: linkset })

  t.match(page.headers['content-type'], 'text/html')
  t.equal(both.headers['content-type'], 'application/linkset+json')
  t.equal(unknown.statusCode, 404)
  t.match(unknown.headers['content-type'], 'application/problem+json')
  t.match(traced.headers['content-type'], 'application/json')
  t.ok(traced.json().trace)
})
