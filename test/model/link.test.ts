import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import { expandRelation, parseLink, readLink, readWebTarget } from '../../src/model/link.ts'

const href = 'https://example.com/a'

t.test('a link keeps what it says', async t => {
  const text = JSON.stringify({
    rel: 'gs1:instructions',
    href: 'https://example.com/手册?a=1#b',
    title: '使用说明',
    type: 'Application/PDF',
    hreflang: ['zh-cn', 'EN'],
  })

  t.strictSame(parseLink(text), {
    rel: 'https://ref.gs1.org/voc/instructions',
    href: 'https://example.com/%E6%89%8B%E5%86%8C?a=1#b',
    title: '使用说明',
    type: 'application/pdf',
    hreflang: ['zh-CN', 'en'],
  })
})

t.test('relation and address are enough', async t => {
  t.strictSame(parseLink(`{"rel":"describedby","href":"${href}"}`), { rel: 'describedby', href })
})

t.test('GS1’s relations are one, whatever they are spelt like', async t => {
  const spellings = ['gs1:pip', 'https://gs1.org/voc/pip', 'https://www.gs1.org/voc/pip']

  for (const rel of spellings) t.equal(expandRelation(rel), 'https://ref.gs1.org/voc/pip')
  t.equal(expandRelation('describedby'), 'describedby')
})

const refusals: readonly (readonly [unknown, string])[] = [
  ['not JSON', 'link.json'],
  [[], 'link.json'],
  [null, 'link.json'],
  [{ href }, 'link.rel'],
  [{ rel: 'two words', href }, 'link.rel'],
  [{ rel: 'Describedby', href }, 'link.rel'],
  [{ rel: 'javascript:alert(1)', href }, 'link.rel'],
  [{ rel: 'https://example.com/"><', href }, 'link.rel'],
  [{ rel: 'about' }, 'link.href'],
  [{ rel: 'about', href: 'javascript:alert(1)' }, 'link.href'],
  [{ rel: 'about', href: 'java\nscript:alert(1)' }, 'link.href'],
  [{ rel: 'about', href: ' https://example.com' }, 'link.href'],
  [{ rel: 'about', href: 'https://example.com/\r\nSet-Cookie: a=b' }, 'link.href'],
  [{ rel: 'about', href: 'https://bank.example@evil.example/' }, 'link.href'],
  [{ rel: 'about', href: 'https:\\\\evil.example' }, 'link.href'],
  [{ rel: 'about', href: 'data:text/html,x' }, 'link.href'],
  [{ rel: 'about', href: 'mailto:a@example.com' }, 'link.href'],
  [{ rel: 'about', href: '/relative' }, 'link.href'],
  [{ rel: 'about', href: `https://example.com/${'a'.repeat(2_000)}` }, 'link.href'],
  [{ rel: 'about', href, title: ' ' }, 'link.title'],
  [{ rel: 'about', href, title: 'a\u202eb' }, 'link.title'],
  [{ rel: 'about', href, title: 'a'.repeat(201) }, 'link.title'],
  [{ rel: 'about', href, type: 'html' }, 'link.type'],
  [{ rel: 'about', href, type: 'text/html; charset=utf-8' }, 'link.type'],
  [{ rel: 'about', href, hreflang: 'zh' }, 'link.hreflang'],
  [{ rel: 'about', href, hreflang: [] }, 'link.hreflang'],
  [{ rel: 'about', href, hreflang: ['中文'] }, 'link.hreflang'],
  [{ rel: 'about', href, hreflang: Array(17).fill('zh') }, 'link.hreflang'],
  [{ rel: 'about', href, media: 'print' }, 'link.members'],
]

for (const [input, rule] of refusals) {
  const text = typeof input === 'string' ? input : JSON.stringify(input)
  t.test(`${text.slice(0, 60)} breaks ${rule}`, async t => {
    t.throws(() => parseLink(text, '/values/3/data'), {
      code: 'INPUT_INVALID',
      errors: [{ pointer: '/values/3/data', rule }],
    })
    t.equal(readLink(text), undefined)
  })
}

t.test('whatever is a link leads to a web address and nowhere else', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string()), text => {
        const target = readWebTarget(text)
        return (
          target === undefined ||
          (/^https?:\/\/[^\s<>"\\]+$/.test(target) && new URL(target).username === '')
        )
      }),
    ),
  )
})

t.test('no text makes anything but a refusal or a link, which is read again as it is', async t => {
  const mostly = (good: fc.Arbitrary<string>) =>
    fc.oneof({ arbitrary: good, weight: 4 }, { arbitrary: fc.string(), weight: 1 })
  const language = mostly(fc.constantFrom('zh-cn', 'EN'))
  const nearly = fc.record(
    {
      rel: mostly(fc.constantFrom('gs1:pip', 'describedby')),
      href: mostly(fc.webUrl()),
      title: mostly(fc.constant('使用说明')),
      type: mostly(fc.constant('Text/HTML')),
      hreflang: fc.array(language, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['rel', 'href'] },
  )
  let linkCount = 0

  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.oneof(
          nearly.map(each => JSON.stringify(each)),
          fc.json(),
        ),
        text => {
          try {
            const link = parseLink(text)
            linkCount += 1
            return JSON.stringify(parseLink(JSON.stringify(link))) === JSON.stringify(link)
          } catch (error) {
            return error instanceof Failure
          }
        },
      ),
      { seed: 20_261_123, numRuns: 1_000 },
    ),
  )
  t.ok(linkCount > 50, `${linkCount} were links`)
})
