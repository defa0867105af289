import t from 'tap'
import { linkHeader } from '../../../../src/protocols/http/linkset/link-header.ts'
import type { TitledLink } from '../../../../src/protocols/http/linkset/links-of.ts'

const url = 'https://id.example.cn/v1/resolve/88.118.8%2FX'
const way = `<${url}>; rel="linkset"; type="application/linkset+json"`

function headerOf(...links: TitledLink[]): string {
  return linkHeader(url, { anchor: 'https://id.example.cn/r/x', description: 'x', links })
}

t.test('the way to the link set comes first, then the links with their attributes', async t => {
  const header = headerOf({
    rel: 'https://ref.gs1.org/voc/instructions',
    href: 'https://example.com/a?b=1',
    title: 'Manual, (2nd)',
    type: 'application/pdf',
    hreflang: ['zh', 'en'],
  })

  t.equal(
    header,
    `${way}, <https://example.com/a?b=1>; rel="https://ref.gs1.org/voc/instructions"; ` +
      'type="application/pdf"; hreflang="zh"; hreflang="en"; title="Manual, (2nd)"',
  )
})

t.test('a title that a quoted string cannot hold is written as RFC 8187 says', async t => {
  const titles = ['使用说明', 'a"b', 'a\\b', "it's (é)*"]
  const headers = titles.map(title =>
    headerOf({ rel: 'about', href: 'https://example.com/', title }),
  )

  t.ok(headers[0]?.endsWith("title*=UTF-8''%E4%BD%BF%E7%94%A8%E8%AF%B4%E6%98%8E"))
  t.ok(headers[1]?.endsWith("title*=UTF-8''a%22b"))
  t.ok(headers[2]?.endsWith("title*=UTF-8''a%5Cb"))
  t.ok(headers[3]?.endsWith("title*=UTF-8''it%27s%20%28%C3%A9%29%2A"))
  for (const header of headers) t.match(header, /^[\x20-\x7e]+$/)
})

t.test('a header lists some links, and stays small enough for any proxy', async t => {
  const many = Array.from({ length: 500 }, (_, i) => ({
    rel: 'about',
    href: `https://example.com/${i}`,
    title: `${i}`,
  }))
  const long = many.map(link => ({ ...link, href: link.href + 'x'.repeat(900) }))

  t.equal(headerOf(...many).split('rel="about"').length - 1, 8)
  t.equal(headerOf(...long).split('rel="about"').length - 1, 2)
  t.ok(headerOf(...long).length <= 2_048)
})
