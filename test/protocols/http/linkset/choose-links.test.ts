import t from 'tap'
import type { Link } from '../../../../src/model/link.ts'
import { chooseLinks, wishedLinks } from '../../../../src/protocols/http/linkset/choose-links.ts'

function aLink(name: string): Link {
  const [language, type] = name.split(' ')
  return {
    rel: 'about',
    href: `https://example.com/${name.replace(' ', '/')}`,
    ...(language === '-' || language === undefined ? {} : { hreflang: [language] }),
    ...(type === undefined
      ? {}
      : { type: { html: 'text/html', pdf: 'application/pdf' }[type] ?? type }),
  }
}

function chosen(names: readonly string[], acceptLanguage?: string, accept?: string) {
  const links = names.map(aLink)
  const all = new Map(links.map((link, place) => [link, names[place]]))
  const wishes = { acceptLanguage, accept }
  return {
    best: chooseLinks(links, wishes).map(link => all.get(link)),
    wished: wishedLinks(links, wishes).map(link => all.get(link)),
  }
}

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const cases: readonly (readonly [
  string,
  readonly string[],
  string | undefined,
  string | undefined,
  readonly string[],
])[] = [
  ['the language liked best', ['zh', 'en'], 'en;q=0.9, zh;q=0.5', undefined, ['en']],
  ['a language for its regions', ['zh', 'en'], 'en-GB', undefined, ['en']],
  ['a region for its language', ['zh-CN', 'en'], 'zh', undefined, ['zh-CN']],
  ['no other language for a like one', ['zh', 'enm'], 'en', undefined, ['zh']],
  ['the region before the language', ['en', 'zh'], 'zh-CN,zh;q=0.9,en;q=0.8', undefined, ['zh']],
  ['none in a refused language', ['en', '-'], 'en;q=0', undefined, ['-']],
  ['Chinese for who says nothing', ['en', 'zh'], undefined, undefined, ['zh']],
  ['Chinese for who takes anything', ['en', 'zh'], '*', undefined, ['zh']],
  ['what is in no language for who says nothing', ['zh', '-'], undefined, undefined, ['-']],
  ['what is in no language for who reads none of them', ['zh', '-'], 'fr', undefined, ['-']],
  ['all where nothing decides', ['en', 'fr'], 'de', undefined, ['en', 'fr']],
  ['a page for a browser', ['zh html', 'zh pdf'], 'zh', browser, ['zh html']],
  ['a paper for who asks for one', ['zh html', 'zh pdf'], 'zh', 'application/pdf', ['zh pdf']],
  ['a kind of type', ['- html', '- pdf'], undefined, 'application/*', ['- pdf']],
  ['language before type', ['zh html', 'en pdf'], 'en', browser, ['en pdf']],
  ['what promises no type where none is wished', ['- pdf', '-'], undefined, '*/*', ['-']],
  ['both of two alike', ['zh html', 'zh html '], 'zh', browser, ['zh html', 'zh html ']],
]

for (const [what, names, acceptLanguage, accept, expected] of cases) {
  t.test(`of ${names.join(' | ')} the choice is ${what}`, async t => {
    t.strictSame(chosen(names, acceptLanguage, accept).best, expected)
  })
}

t.test('what is wished for in so many words is in that language, or of that type', async t => {
  const names = ['zh html', 'en html', 'en pdf', '- pdf', '-']

  t.strictSame(chosen(names).wished, [])
  t.strictSame(chosen(names, 'fr', '*/*').wished, [])
  t.strictSame(chosen(names, 'en', '*/*').wished, ['en html', 'en pdf'])
  t.strictSame(chosen(names, 'en', 'text/html').wished, ['en html'])
  t.strictSame(chosen(names, 'fr', 'application/pdf').wished, ['- pdf'])
})

t.test('headers without an end are read as far as they may decide', async t => {
  const long = `${'xx,'.repeat(100_000)}en`

  t.strictSame(chosen(['zh', 'en'], long, long).best, ['zh'])
})
