import t from 'tap'
import { readPrefixRows, writePrefixRow } from '../../../src/protocols/sheets/prefix-columns.ts'

t.test('prefixes are read by Chinese and English names and words', async t => {
  const row = {
    prefix: '88.118.8',
    system: 'handle',
    owner: '88.118.1/1XJRACLXEEWEA9',
    state: 'enabled',
    served: 'hosted',
    for: ['product', 'equipment'],
  }
  const english = { ...row, for: 'product, equipment' }
  const chinese = {
    前缀: '８８.118.8 ',
    体系: 'handle',
    所有者: row.owner,
    状态: '启用',
    服务: '托管',
    用途: '产品、设备',
  }
  for (const cells of [english, chinese]) {
    t.same(readPrefixRows({ format: 'csv', columns: Object.keys(cells) })(cells), row)
  }
  t.same(readPrefixRows({ format: 'ndjson', columns: [] })(row), row)
})

t.test('what is empty is not said, and what is no word is left to the rules', async t => {
  const cells = { prefix: 6901234, system: 'gs1', owner: null, state: 'on', for: null }

  t.same(readPrefixRows({ format: 'xlsx', columns: Object.keys(cells) })(cells), {
    prefix: '6901234',
    system: 'gs1',
    state: 'on',
  })
})

t.test('a column that is none of a prefix is not passed over', async t => {
  const read = (cells: Record<string, string>) =>
    readPrefixRows({ format: 'csv', columns: Object.keys(cells) })(cells)

  t.throws(() => read({ prefix: '88', URL: 'x' }), { errors: [{ rule: 'sheet.unknownColumn' }] })
  t.throws(() => read({ system: 'gs1' }), { errors: [{ rule: 'sheet.columnMissing' }] })
  t.throws(() => read({ prefix: null as never }), { errors: [{ pointer: '/prefix' }] })
  t.same(read({ prefix: '88', row: '1', field: '', reason: '' }), { prefix: '88' })
})

t.test('a prefix goes back in the columns that it came in', async t => {
  const row = { prefix: '88.118.8', state: 'enabled', for: ['product', 'equipment'] }

  t.same(
    { ...writePrefixRow(['前缀', 'for', 'owner'])(row) },
    {
      前缀: '88.118.8',
      for: 'product,equipment',
      owner: null,
    },
  )
})
