import t from 'tap'
import { mendLength } from '../../../../src/protocols/http/pages/mend-length.ts'

const code = '1XJRACLXEEWEA9'

t.test('a symbol too many is found by the check symbol, wherever it is', async t => {
  for (let place = 0; place <= code.length; place++) {
    const text = `${code.slice(0, place)}Q${code.slice(place)}`
    t.ok(mendLength(text).includes(code), text)
    t.ok(mendLength(text).length <= 3, text)
  }
})

t.test('one of a pair that is missing is found', async t => {
  t.strictSame(mendLength('1XJRA-CLXE-WEA9'), [code])
})

t.test('other lengths and other texts are not guessed at', async t => {
  for (const text of ['', code, code.slice(2), `${code}QQ`, '!'.repeat(15), '\ud800'.repeat(13)]) {
    t.strictSame(mendLength(text), [], text)
  }
})
