import t from 'tap'
import { languageOfTerminal } from '../../src/cli/language.ts'

for (const [env, language] of [
  [{}, 'zh'],
  [{ LANG: 'C.UTF-8' }, 'zh'],
  [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
  [{ LANG: 'en_GB.UTF-8' }, 'en'],
  [{ LANG: 'fr_FR' }, 'en'],
  [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'en_US.UTF-8' }, 'en'],
  [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, 'en'],
] as const) {
  t.test(`${JSON.stringify(env)} reads ${language}`, async t => {
    t.equal(languageOfTerminal(env), language)
  })
}
