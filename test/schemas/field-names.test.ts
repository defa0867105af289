import t from 'tap'
import { findFieldName } from '../../src/schemas/field-names.ts'

for (const [spelling, name] of [
  ['producerName', 'producerName'],
  ['企业名称', 'producerName'],
  ['producer name', 'producerName'],
  ['Producer  Name', 'producerName'],
  ['producer_name', 'producerName'],
  ['PRODUCER-NAME', 'producerName'],
  ['ｐｒｏｄｕｃｅｒ　ｎａｍｅ', 'producerName'],
  ['\ufeff企业名称 ', 'producerName'],
  ['unifiedSocialCreditIdentifier', 'uscc'],
  ['企业', undefined],
  ['', undefined],
  ['__proto__', undefined],
  ['constructor', undefined],
  ['producerName'.repeat(1_000_000), undefined],
] as const) {
  t.test(`${JSON.stringify(spelling.slice(0, 40))} names ${name}`, async t => {
    t.equal(findFieldName('basic', spelling), name)
  })
}

t.test('"production" is the classification of a product, and nothing elsewhere', async t => {
  t.equal(findFieldName('products', 'production'), 'productClassification')
  t.equal(findFieldName('equipment', 'production'), undefined)
})
