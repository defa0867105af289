import t from 'tap'
import { isRefused, names, readsAs } from './spellings.ts'

readsAs('code', '88.118.1/1XJRACLXEEWEA9', [
  '1XJRACLXEEWEA9',
  '1XJRA-CLXE-EWEA9',
  '1xjra clxe ewea9',
  'ixjraclxeewea9',
  '１ＸＪＲＡ－ＣＬＸＥ－ＥＷＥＡ９',
  '88.118.1/1xjra-clxe-ewea9',
  '８８．118．1／1XJRA-CLXE-EWEA9',
  'hdl:88.118.1/1XJRACLXEEWEA9',
  'HTTPS://ID.EXAMPLE.CN/C/88.118.1/1XJRACLXEEWEA9',
  'https://id.example.cn/88.118.1/1XJRA-CLXE-EWEA9',
])

isRefused('1XJRACLXEEWEA8', 'code.checkSymbol')
isRefused('88.118.1/1XJRA-CLXE-EWEA8', 'code.checkSymbol')
isRefused('88.118.1/1XJRA-CLXE-EWEA8', 'code.checkSymbol', 'handle')
isRefused('HTTPS://H.EXAMPLE/C/88.118.1/1XJRACLXEEWEA8', 'code.checkSymbol')
isRefused('88.118.2/1XJRACLXEEWEA9', 'code.form', 'code')

t.test('asked for as a handle, a code stays a code', async t => {
  t.equal(names.parse('88.118.1/1XJRA-CLXE-EWEA9', 'handle').system, 'code')
})

t.test('the key is the folded handle, the authority the code prefix', async t => {
  t.match(names.parse('1XJRACLXEEWEA9'), {
    key: '88.118.1/1xjraclxeewea9',
    authority: '88.118.1',
  })
})

t.test('a wrong check symbol is answered with the likeliest spelling', async t => {
  t.throws(() => names.parse('88.118.1/1JXRACLXEEWEA9'), {
    errors: [{ rule: 'code.checkSymbol' }],
    facts: { suggestion: '88.118.1/1XJRACLXEEWEA9' },
  })
})
