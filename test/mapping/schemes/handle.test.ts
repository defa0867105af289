import t from 'tap'
import { isRefused, names, readsAs } from './spellings.ts'

readsAs('handle', '88.118.8/SN-0001', [
  'hdl:88.118.8/SN-0001',
  'HDL:88.118.8/SN-0001',
  'info:hdl/88.118.8/SN-0001',
  ' 88.118.8/SN-0001',
  '88 . 118 . 8/SN-0001',
  '８８．１１８．８/SN-0001',
  '88。118。8／SN-0001',
  'https://hdl.handle.net/88.118.8/SN-0001',
  'https://example.cn/88.118.8%2FSN-0001?auth=true#x',
  'https://example.cn/r/88.118.8/SN-0001',
  'https://example.cn/hdl:88.118.8/SN-0001',
  'https://example.cn/v1/resolve/88.118.8%2FSN-0001',
  'https://example.cn/api/handles/88.118.8/SN-0001',
])
readsAs('handle', '88.118.8/a/b', ['https://example.cn/88.118.8/a%2Fb', 'hdl:88.118.8/a/b'])
readsAs('handle', '88.118.8/产品.001', [
  'https://example.cn/88.118.8/%E4%BA%A7%E5%93%81.001',
  'https://example.cn/88.118.8/产品.001',
])
readsAs('handle', '88.118.8/ ', ['https://example.cn/88.118.8/%20'])
readsAs('handle', '88.118.8/ａ－１', [])
readsAs('handle', '88.118.8/a%20b', ['https://example.cn/88.118.8/a%2520b'])
readsAs('handle', '88.118.8/01/06901234567892', ['https://example.cn/88.118.8/01/06901234567892'])
readsAs('handle', '10.1000/182', ['doi:10.1000/182', 'https://doi.org/10.1000/182'])
readsAs('handle', '0.NA/88.118.8', [
  '88.118.8',
  '0.na/88.118.8',
  'hdl:88.118.8',
  '８８。118。8',
  '0.NA/８８.118.8',
])
readsAs('handle', '88.118.a-b/x', ['88.118.a－b/x', '88.118.a–b/x'])
readsAs('handle', 'abc/def', ['hdl:abc/def'])
readsAs('handle', '88.118.2/1XJRACLXEEWEA9', ['HTTPS://H.EXAMPLE/C/88.118.2/1XJRACLXEEWEA9'])
readsAs('handle', '88.118.1/not-a-code', [])

isRefused('88..8/x', 'handle.emptyLabel')
isRefused('.88/x', 'handle.emptyLabel', 'handle')
isRefused('/x', 'handle.emptyPrefix')
isRefused('88.118.8/', 'handle.emptySuffix')
isRefused('hdl:', 'handle.emptyPrefix')
isRefused('88.1!8/x', 'handle.label')
isRefused('hdl:01/06901234567892', 'handle.reservedPrefix')
isRefused('hdl:VAA88.1/x', 'handle.reservedPrefix')
isRefused('https://example.cn/88.118.8/%E4%BA', 'percentEncoding')
isRefused('https://example.cn/88.118.8/%00', 'text.nul')
isRefused('https://example.cn/88.118.8/%E2%80%AE', 'text.bidi')
isRefused(`88.118.8/${'a'.repeat(247)}`, 'text.tooLong')
isRefused('88.118.8/a\u200b', 'text.invisible')
isRefused('88.118.8/a\ud800', 'text.surrogate')
isRefused('88.118.8/a\x1db', 'text.control')
isRefused('', 'empty')

t.test('255 bytes are the most', async t => {
  const text = `88.118.8/${'a'.repeat(246)}`

  t.equal(names.parse(text).text, text)
})

t.test('ASCII case folds when comparing, other letters never do', async t => {
  const keyOf = (text: string) => names.parse(text).key

  t.equal(keyOf('88.118.8/SN-1'), keyOf('88.118.8/sn-1'))
  t.equal(names.parse('88.118.8/SN-1').text, '88.118.8/SN-1')
  t.not(keyOf('88.118.8/É'), keyOf('88.118.8/é'))
  t.not(keyOf('88.118.8/Ａ'), keyOf('88.118.8/A'))
})

t.test('leading zeros of a label are significant', async t => {
  t.not(names.parse('88.101.0042/x').key, names.parse('88.101.42/x').key)
})

t.test('a prefix is responsible for itself as a question', async t => {
  t.equal(names.parse('88.118.8').authority, '88.118.8')
  t.equal(names.parse('88.118.8').key, '0.na/88.118.8')
  t.equal(names.parse('88.118.8/x').authority, '88.118.8')
  t.equal(names.parse('88.118.AB/x').authority, '88.118.ab')
})

t.test('only when registering, a suffix must be in NFC and of one alphabet', async t => {
  for (const [text, rule] of [
    ['88.118.8/e\u0301', 'text.nfc'],
    ['88.118.8/pаyment', 'text.mixedScripts'],
  ] as const) {
    t.equal(names.parse(text).text, text)
    t.throws(() => names.parseForRegistering(text), { errors: [{ rule }] })
  }
  t.equal(names.parseForRegistering('88.118.ab/Привет').text, '88.118.ab/Привет')
})
