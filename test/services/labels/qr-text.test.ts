import t from 'tap'
import { codeQrText, identifierQrText } from '../../../src/services/labels/qr-text.ts'
import { names } from '../../support/builders.ts'

t.test('the text of a code is all capitals and leads back to the code', async t => {
  const text = codeQrText('http://127.0.0.1:8000', '88.118.1/1XJRACLXEEWEA9')

  t.equal(text, 'HTTP://127.0.0.1:8000/C/88.118.1/1XJRACLXEEWEA9')
  t.match(names.parse(text), { system: 'code', text: '88.118.1/1XJRACLXEEWEA9' })
})

t.test(
  'slashes stay readable where they are safe, and are hidden where a proxy would tidy them up',
  async t => {
    const at = (text: string) => identifierQrText('https://id.example.cn', text).slice(24)

    t.equal(at('88.118.8/ABC-1'), '88.118.8/ABC-1')
    t.equal(at('01/06901234567892/10/A+B?'), '01/06901234567892/10/A%2BB%3F')
    t.equal(at('88.118.8/a//b'), '88.118.8%2Fa%2F%2Fb')
    t.equal(at('88.118.8/../x'), '88.118.8%2F..%2Fx')
    t.equal(at('https://example.com/a'), 'https%3A%2F%2Fexample.com%2Fa')
  },
)
