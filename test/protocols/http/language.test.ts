import t from 'tap'
import { languageOf } from '../../../src/protocols/http/language.ts'

const cases: readonly (readonly [string | undefined, 'zh' | 'en'])[] = [
  [undefined, 'zh'],
  ['', 'zh'],
  ['*', 'zh'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['en', 'en'],
  ['en-GB, zh;q=0.5', 'en'],
  ['zh;q=0.5, en-US;q=0.6', 'en'],
  ['EN', 'en'],
  ['zh;q=0, en;q=0.1', 'en'],
  ['fr, de;q=0.5', 'en'],
  ['fr, zh;q=0.1', 'zh'],
  ['en;q=nonsense, zh;q=0.1', 'zh'],
  ['__proto__, constructor', 'en'],
]

for (const [header, language] of cases) {
  t.test(`Accept-Language ${JSON.stringify(header)} is answered in ${language}`, async t => {
    t.equal(languageOf(header), language)
  })
}
