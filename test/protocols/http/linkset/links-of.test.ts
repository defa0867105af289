import t from 'tap'
import { linksOf } from '../../../../src/protocols/http/linkset/links-of.ts'
import { encodeLinkset } from '../../../../src/protocols/http/linkset/linkset-json.ts'
import { aValue } from '../../../support/builders.ts'
import { gs1LinksetErrors, linksetErrors } from './linkset-schema.ts'

const anchor = 'https://id.example.cn/01/06901234000016'
const gs1 = 'https://ref.gs1.org/voc/'

function links(...texts: (readonly [type: string, text: string | object])[]) {
  const values = texts.map(([type, text], place) =>
    aValue({
      index: place + 1,
      type,
      data: { format: 'string', value: typeof text === 'string' ? text : JSON.stringify(text) },
    }),
  )
  return linksOf({ kind: 'product', identifier: '88.118.8/X', values }, anchor)
}

t.test(
  'the first URL is the default link, under its own relation and under one that describes it',
  async t => {
    const { links: found, description } = links(
      ['NAME', '示例轴承'],
      ['URL', 'https://example.com/a'],
      ['URL', 'https://example.com/b'],
    )

    t.equal(description, '示例轴承')
    t.strictSame(found, [
      { rel: `${gs1}defaultLink`, href: 'https://example.com/a', title: '示例轴承' },
      { rel: `${gs1}pip`, href: 'https://example.com/a', title: '示例轴承' },
    ])
  },
)

t.test('a link that describes the default page describes it instead', async t => {
  const { links: found } = links(
    ['URL', 'https://example.com/a'],
    ['LINK', { rel: 'gs1:homepage', href: 'https://example.com/a', title: 'Home' }],
  )

  t.strictSame(
    found.map(({ rel }) => rel),
    [`${gs1}defaultLink`, `${gs1}homepage`],
  )
})

t.test('there is one default link at most, whatever the record says', async t => {
  const named = { rel: 'gs1:defaultLink', href: 'https://example.com/d', hreflang: ['zh'] }
  const both = links(['URL', 'https://example.com/a'], ['LINK', named], ['link', named])
  const alone = links(['LINK', named])

  const defaults = both.links.filter(({ rel }) => rel === `${gs1}defaultLink`)
  t.strictSame(
    defaults.map(({ href }) => href),
    ['https://example.com/a'],
  )
  t.strictSame(alone.links[0], { rel: `${gs1}defaultLink`, href: named.href, title: '88.118.8/X' })
  t.strictSame(links(['NAME', 'x']).links, [])
})

t.test('what is no link, or leads nowhere, is left out', async t => {
  const { links: found } = links(
    ['URL', 'javascript:alert(1)'],
    ['URL', 'ftp://example.com/'],
    ['LINK', 'not json'],
    ['LINK', { rel: 'about', href: 'javascript:alert(1)' }],
    ['EMAIL', 'a@example.com'],
  )

  t.strictSame(found, [])
})

t.test('a link without a title is called by its relation', async t => {
  const { links: found } = links(
    ['LINK', { rel: 'gs1:instructions', href: 'https://example.com/i' }],
    ['LINK', { rel: 'describedby', href: 'https://example.com/i' }],
    ['LINK', { rel: 'https://example.com/rel#spare-parts', href: 'https://example.com/i' }],
  )

  t.strictSame(
    found.map(({ title }) => title),
    ['instructions', 'describedby', 'spare-parts'],
  )
})

t.test('a default page that may not be followed gives way to the next, then to ours', async t => {
  const values = ['https://a.example/', 'https://b.example/'].map((value, index) =>
    aValue({ index, data: { format: 'string', value } }),
  )
  const record = { kind: 'equipment', identifier: 'x', values }
  const next = linksOf(record, anchor, { mayFollow: href => href.includes('b.'), otherwise: 'o' })
  const ours = linksOf(record, anchor, {
    mayFollow: () => false,
    otherwise: 'https://ours.example/',
  })
  const none = linksOf(record, anchor, { mayFollow: () => false, otherwise: undefined })

  t.equal(next.links[0]?.href, 'https://b.example/')
  t.equal(ours.links[0]?.href, 'https://ours.example/')
  t.equal(ours.links[1]?.rel, 'describedby')
  t.strictSame(none.links, [])
})

t.test('links make a link set as RFC 9264 has it, and one as GS1 has it', async t => {
  const contexts = [
    links(
      ['URL', 'https://example.com/a'],
      ['LINK', { rel: 'gs1:instructions', href: 'https://example.com/zh', hreflang: ['zh'] }],
      ['LINK', { rel: 'gs1:instructions', href: 'https://example.com/en', hreflang: ['en'] }],
      ['LINK', { rel: 'author', href: 'https://example.com/c', type: 'text/html' }],
    ),
    links(),
  ]
  const plain = JSON.parse(encodeLinkset(contexts, false).toString())
  const described = JSON.parse(encodeLinkset(contexts, true).toString())

  t.strictSame(linksetErrors(plain), [])
  t.strictSame(gs1LinksetErrors(described), [])
  t.not(linksetErrors(described).length, 0, 'a description is no relation')
  t.equal(plain.linkset[0][`${gs1}instructions`].length, 2)
  t.equal(plain.linkset[0][`${gs1}instructions`][0].rel, undefined)
})

t.test('the schemas refuse what is no link set', async t => {
  const target = { href: 'https://example.com/', title: 'x' }
  const context = { anchor, itemDescription: 'x', about: [target] }
  const wrong: readonly unknown[] = [
    {},
    { linkset: { about: [target] } },
    { linkset: [{ about: target }] },
    { linkset: [{ about: [{ title: 'no address' }] }] },
    { linkset: [{ about: [{ ...target, hreflang: 'zh' }] }] },
    { linkset: [{ about: [{ ...target, rel: 'about' }] }] },
    { linkset: [{ about: [{ ...target, title: ['x'] }] }] },
    { linkset: [{ 'Not A Relation': [target] }] },
  ]

  t.strictSame(gs1LinksetErrors({ linkset: [context] }), [])
  for (const value of wrong) {
    t.not(linksetErrors(value).length, 0, JSON.stringify(value))
    t.not(gs1LinksetErrors(value).length, 0, JSON.stringify(value))
  }
  t.not(gs1LinksetErrors({ linkset: [{ ...context, about: [{ href: 'mailto:x@y' }] }] }).length, 0)
})
