import t from 'tap'
import { readRow } from '../../src/schemas/validate.ts'
import { writeRow } from '../../src/schemas/write-row.ts'
import { rows } from './rows.ts'

t.test('telephones are text in production and numbers in seed-strict', async t => {
  const { fields } = readRow('supplies', 'production', rows.supplies)

  t.strictSame(writeRow('supplies', 'production', fields), rows.supplies)
  t.strictSame(writeRow('supplies', 'seed-strict', fields), {
    ...rows.supplies,
    suppliesContactNumber: 861062305887,
  })
})

t.test('what is not there is not written, and nothing that is no field', async t => {
  t.strictSame(writeRow('staff', 'production', { staffName: '韩梅梅', secret: 1 }), {
    staffName: '韩梅梅',
  })
})
