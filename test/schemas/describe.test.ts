import t from 'tap'
import { describeTable, describeTables } from '../../src/schemas/describe.ts'
import { tableNames } from '../../src/schemas/field.ts'

t.test('all tables are described, in the order of the standard', async t => {
  const { tables } = describeTables('production', 'zh')

  t.strictSame(
    tables.map(({ name }) => name),
    tableNames,
  )
  t.equal(tables.flatMap(({ fields }) => fields).length, 59)
})

t.test('a field says its names, type, description, clause and age', async t => {
  const { fields, ...table } = describeTable('products', 'production', 'en')

  t.strictSame(table, {
    name: 'products',
    zh: '产品信息',
    en: 'product information',
    clause: '4.3',
  })
  t.strictSame(
    fields.find(({ name }) => name === 'stock'),
    {
      name: 'stock',
      zh: '库存量',
      en: 'stock',
      type: 'number',
      required: true,
      description: 'how much of it is there now',
      clause: '4.3',
      maxAgeSeconds: 86_400,
    },
  )
  t.strictSame(Object.keys(fields[0] ?? {}), [
    'name',
    'zh',
    'en',
    'type',
    'required',
    'description',
    'clause',
  ])
})

t.test('a description is in the language asked for', async t => {
  t.equal(describeTable('products', 'production', 'zh').fields[7]?.description, '现有的数量')
})

t.test('the credit code is required in production only', async t => {
  t.equal(describeTable('basic', 'production', 'zh').fields[0]?.required, true)
  t.equal(describeTable('basic', 'seed-strict', 'zh').fields[0]?.required, false)
})
