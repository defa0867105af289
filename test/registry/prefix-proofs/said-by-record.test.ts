import t from 'tap'
import { saidByRecord } from '../../../src/registry/prefix-proofs/said-by-record.ts'
import { aValue } from '../../support/builders.ts'

const said = (type: string, value: string) => aValue({ type, data: { format: 'string', value } })

t.test('items are read by each of their names, numbers and days from text', async t => {
  const values = [
    said('URL', 'https://example.cn'),
    said('企业名称', '深圳示例精密制造有限公司'),
    said('Legal Representative', '张三'),
    said('registerDate', '2015-04-01'),
    said('issueDate', '20200821'),
    said('socialInsuranceNumber', '30'),
  ]

  t.same(saidByRecord(values), {
    producerName: '深圳示例精密制造有限公司',
    legalRepresentative: '张三',
    registerDate: 20150401,
    issueDate: 20200821,
    socialInsuranceNumber: 30,
  })
})

t.test('one JSON value may hold several; a value of its own goes before it', async t => {
  const json = JSON.stringify({ 企业名称: '旧名', businessScope: '制造', nonsense: 1 })

  t.same(saidByRecord([said('QXM_BASIC', json), said('producerName', '新名')]), {
    producerName: '新名',
    businessScope: '制造',
  })
})

t.test('what cannot be read as its item is left out', async t => {
  const values = [said('registerDate', 'long ago'), said('uscc', '123'), said('企业名称', '示例')]

  t.same(saidByRecord(values), { producerName: '示例' })
})

t.test('a JSON value that is none says nothing', async t => {
  for (const text of ['{', '[]', 'null', '7']) {
    t.same(saidByRecord([said('QXM_BASIC', text)]), {})
  }
})
