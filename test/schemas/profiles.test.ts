import t from 'tap'
import { tableNames } from '../../src/schemas/field.ts'
import { profileNames, profiles } from '../../src/schemas/profiles.ts'
import { tables } from '../../src/schemas/tables.ts'

t.test('no profile changes names, types or texts', async t => {
  for (const profile of profileNames) {
    for (const name of tableNames) {
      const bare = ({ fields }: (typeof tables)['basic']) =>
        fields.map(({ form: _form, required: _required, ...rest }) => rest)

      t.strictSame(bare(profiles[profile].tables[name]), bare(tables[name]))
    }
  }
})

t.test('seed-strict requires what is printed, production the credit code too', async t => {
  const required = (from: typeof tables) =>
    tableNames.flatMap(name => from[name].fields.filter(field => field.required))
  const names = (from: typeof tables) => required(from).map(({ name }) => name)

  t.strictSame(names(profiles['seed-strict'].tables), names(tables))
  t.strictSame(names(profiles.production.tables), ['uscc', ...names(tables)])
})

t.test('seed-strict reads no meaning into the items, but for dates and phones', async t => {
  const fields = tableNames.flatMap(name => profiles['seed-strict'].tables[name].fields)
  const kinds = new Set(fields.map(({ form }) => form.kind))

  t.strictSame([...kinds].sort(), ['date', 'number', 'phone', 'text'])
  t.ok(tableNames.every(name => profiles['seed-strict'].tables[name].order.length === 0))
})
