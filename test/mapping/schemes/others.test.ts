import t from 'tap'
import { isRefused, names, readsAs } from './spellings.ts'

readsAs('oid', '1.2.156.20009.1', [
  'urn:oid:1.2.156.20009.1',
  'URN:OID:1.2.156.20009.1',
  ' 1.2.156.20009.1 ',
  '１．２．156.20009.1',
  '/ISO/Member-Body/156/20009/1',
  '/1/2/156/20009/1',
])
readsAs('oid', '2.16.156.1', ['/Joint-ISO-ITU-T/Country/156/1'])
readsAs('oid', '2.999.3', ['urn:oid:2.999.3'])
readsAs('oid', `1.2.156.${'9'.repeat(200)}`, [])
isRefused('1.2.156.01', 'oid.leadingZero')
isRefused('1.40.1', 'oid.secondArc')
isRefused('0.40.1', 'oid.secondArc')
isRefused('urn:oid:3.1.1', 'oid.root')
isRefused('urn:oid:1.2..3', 'oid.arc')
isRefused('1.2.156.x', 'oid.arc')
isRefused('urn:oid:2.999', 'oid.arcs')
isRefused('/ISO/Member-Body/156/Example', 'oid.iriLabel')

readsAs('url', 'https://example.com/A?b=C', [
  'HTTPS://Example.COM:443/A?b=C#part',
  ' https://example.com/A?b=C ',
])
readsAs('url', 'http://example.com:8080/', ['http://EXAMPLE.com:8080'])
isRefused('https://example.cn/88.118.8/x', 'url.carries', 'url')
isRefused('88.118.8/x', 'url.form', 'url')
isRefused('https://user:secret@example.com/', 'url.user')
isRefused('https://exa mple/', 'url.form')
isRefused(`https://example.com/${'a'.repeat(300)}`, 'text.tooLong')

readsAs('ecode', '100641234567890', [
  'https://www.iotroot.com/E=100641234567890',
  'https://www.iotroot.com/api/query/search/E=100641234567890',
])
readsAs('ecode', '20128000000000000001', [])
readsAs('ecode', '300121ABC123', [])
readsAs('ecode', '412345标识', [], 'ecode')
for (const text of ['1006', '1006A1', '900001', `10064${'1'.repeat(21)}`])
  isRefused(text, 'ecode.form', 'ecode')
isRefused(`10064${'1'.repeat(21)}`, 'ecode.form')
isRefused('1006', 'unrecognised')

readsAs('vaa', 'VAA88.118.8/SN1', [' VAA88.118.8/SN1'])
readsAs('vaa', 'VAA123', [])
isRefused('VAA', 'vaa.form')
isRefused('VAA88.118.8/', 'vaa.form')
isRefused('VAA88.118.8/产品', 'vaa.form')

for (const text of [
  'did:bid:efJgt44mNDewKK1VEN454R17cjso3mSG',
  'did:bid:1234:efJgt44mNDewKK1VEN454R17cjso3mSG',
  'did:bid:zsPQxwMKuQksAGjtTxkzorRAI07iI5HQ==',
  'did:bid:zfHa1zAgj6vaunuwR9KkMLftJJeT2YvQ',
  'did:bid:1234',
  `did:bid:et${'q'.repeat(42)}`,
  'did:web:example.com%3A3000:user:Alice',
  'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
  'did:vaa:IDcontract1:86.100.1234/abcdfe.123',
  'did:vaa:gxAcE6upFw6DNbG3rfngM3VxCNB',
  'did:cn:88.100.1',
  'did:example:123456',
]) {
  readsAs('did', text, [`DID:${text.slice(4)}`, ` ${text}#key-1`])
}
for (const [text, rule] of [
  ['did:bid:efJgt44mNDewKK1VEN454R17cjso3mS0', 'did.bid'],
  ['did:bid:efJgt44mNDewKK1VEN454R17cjso3m', 'did.bid'],
  ['did:bid:xfJgt44mNDewKK1VEN454R17cjso3mSG', 'did.bid'],
  ['did:bid:12345:efJgt44mNDewKK1VEN454R17cjso3mSG', 'did.bid'],
  ['did:bid:zsPQxwMKuQksAGjtTxkzorRAI07iI5HQ', 'did.bid'],
  ['did:web:exa/mple', 'did.web'],
  ['did:key:6Mkha', 'did.key'],
  ['did:cn:88.1.1', 'did.cn'],
  ['did:Web:example.com', 'did.method'],
  ['did:example', 'did.form'],
  ['did:example:123?versionId=1', 'did.path'],
] as const) {
  isRefused(text, rule)
}

t.test('identifiers of case-sensitive systems differ by case', async t => {
  t.not(names.parse('did:web:a.com:x').key, names.parse('did:web:a.com:X').key)
  t.not(names.parse('https://a.com/x').key, names.parse('https://a.com/X').key)
})

t.test('the authority of a URL is host and path, of others what is walked', async t => {
  t.equal(names.parse('https://a.com/x/y?z=1').authority, 'a.com/x/y')
  t.equal(names.parse('VAA88.118.8/SN1').authority, 'VAA88.118.8')
  t.equal(names.parse('1.2.156.3').authority, '1.2.156.3')
})

t.test('digits that are a code of one system and an item of another are ambiguous', async t => {
  // GTIN-14 with a right check digit that begins like an Ecode of numbering system 0064.
  t.throws(() => names.parse('10064000000009'), {
    errors: [{ rule: 'ambiguous' }],
    facts: { systems: ['gs1', 'ecode'] },
  })
  t.equal(names.parse('10064000000009', 'ecode').system, 'ecode')
})
