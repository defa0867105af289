import t from 'tap'
import { html, Markup, shown, within } from '../../../../src/protocols/http/pages/html.ts'
import { pagePath, webLink } from '../../../../src/protocols/http/pages/links.ts'

t.test('a text put into markup stays a text, in a tag and between tags', async t => {
  const text = `<b a='1' c="2">&\``

  t.equal(
    html`<i title="${text}">${text}</i>`.text,
    '<i title="&#60;b a=&#39;1&#39; c=&#34;2&#34;&#62;&#38;&#96;">' +
      '&#60;b a=&#39;1&#39; c=&#34;2&#34;&#62;&#38;&#96;</i>',
  )
})

t.test('markup put into markup stays markup, and nothing adds nothing', async t => {
  t.equal(
    html`<p>${html`<b>${1}</b>`}${[html`<i>`, html`</i>`]}${undefined}</p>`.text,
    '<p><b>1</b><i></i></p>',
  )
})

t.test('controls and invisible marks are shown as such, wherever they are put', async t => {
  const text = 'a\u202eb\u0007c\u200bd\u{e0041}\ud800'

  t.equal(
    html`<i title="${text}">${text}</i>`.text,
    '<i title="a\ufffdb\ufffdc\ufffdd\ufffd\ufffd">a\ufffdb\ufffdc\ufffdd\ufffd\ufffd</i>',
  )
})

t.test('what is shown is one line, cut by whole characters', async t => {
  t.equal(shown(' a\n\tb  c ', 20), 'a b c')
  t.equal(shown('𠮷𠮷𠮷', 3), '𠮷𠮷𠮷')
  t.equal(shown('𠮷𠮷𠮷𠮷', 3), '𠮷𠮷…')
  t.equal(shown(' '.repeat(999_999), 3), '')
})

t.test('items are taken in order while they fit', async t => {
  const items = [new Markup('文'), new Markup('ab'), new Markup('c')]

  t.equal(within(items, 6).length, 3)
  t.equal(within(items, 5).length, 2)
  t.equal(within(items, 2).length, 0)
})

t.test('only a web address becomes a link, and shows where it leads', async t => {
  const refused = [
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'https://bank.example@evil.example/',
    'https://',
    'ftp://example.com/',
    '//example.com/',
    `https://example.com/${'a'.repeat(1000)}`,
  ]

  for (const text of refused) t.equal(webLink(text), undefined, text)
  t.equal(
    webLink('HTTPS://example.com/?q="><script>')?.text,
    '<a href="https://example.com/?q=%22%3E%3Cscript%3E" rel="noopener nofollow">' +
      '<bdi>https://example.com/?q=%22%3E%3Cscript%3E</bdi></a>',
  )
  t.match(webLink('https://bänk.example/')?.text, /href="https:\/\/xn--bnk-qla\.example\/"/)
})

t.test('codes and other identifiers have their own pages', async t => {
  t.equal(
    pagePath({ system: 'code', text: '88.118.1/1XJRACLXEEWEA9' }),
    '/C/88.118.1/1XJRACLXEEWEA9',
  )
  t.equal(pagePath({ system: 'handle', text: '88.118.8/A?#"' }), '/r/88.118.8%2FA%3F%23%22')
})
