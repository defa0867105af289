import { readFileSync } from 'node:fs'
import t from 'tap'
import { tableNames } from '../../src/schemas/field.ts'
import { findFieldName } from '../../src/schemas/field-names.ts'
import { tables } from '../../src/schemas/tables.ts'

/** The standard's rows, transcribed apart from the code. */
const golden = JSON.parse(readFileSync('test/vectors/aii-002-fields.json', 'utf8')) as {
  readonly fields: readonly Readonly<Record<string, unknown>>[]
}

const all = tableNames.map(name => tables[name])

t.test('the data says what the standard prints: 59 fields, 35 of them required', async t => {
  const printed = all.flatMap(({ fields }, table) =>
    fields.map(({ zh, en, type, required }, row) => ({
      number: `${table + 1}.${row + 1}`,
      zh,
      en,
      type,
      required,
    })),
  )

  t.strictSame(printed, golden.fields)
  t.equal(printed.length, 59)
  t.equal(printed.filter(({ required }) => required).length, 35)
})

t.test('tables stand in the clauses of their numbers', async t => {
  t.strictSame(
    tableNames.map(name => [tables[name].name, tables[name].clause]),
    tableNames.map((name, i) => [name, `4.${i + 1}`]),
  )
})

t.test('a code name is the English name in lowerCamelCase, but for two', async t => {
  const exceptions: Readonly<Record<string, string>> = {
    'unified social credit identifier': 'uscc',
    production: 'productClassification',
  }

  for (const { name, en } of all.flatMap(({ fields }) => fields)) {
    t.equal(name, exceptions[en] ?? lowerCamelCase(en))
  }
})

t.test('the form of a field fits its type', async t => {
  const textForms = ['text', 'uscc', 'residentId']

  for (const { name, type, form } of all.flatMap(({ fields }) => fields)) {
    t.equal(textForms.includes(form.kind) ? 'char' : 'number', type, name)
  }
})

t.test('a subject has one row of three tables', async t => {
  t.strictSame(
    all.filter(({ rows }) => rows === 'one').map(({ name }) => name),
    ['basic', 'resumption', 'finance'],
  )
})

t.test('stock, attendance, cases and health grow old within a day', async t => {
  const ageing = all.flatMap(({ fields }) => fields.filter(field => 'maxAgeSeconds' in field))

  t.strictSame(
    ageing.map(({ name, maxAgeSeconds }) => [name, maxAgeSeconds]),
    [
      'resumptionWorkerNumber',
      'suspectedNumber',
      'confirmedNumber',
      'stock',
      'suppliesStock',
      'staffHealth',
    ].map(name => [name, 86_400]),
  )
})

t.test('rules between fields name fields that are dates', async t => {
  for (const { fields, order } of all) {
    for (const name of order.flat()) {
      const kind = fields.find(field => field.name === name)?.form.kind
      t.ok(kind === 'date' || kind === 'period', name)
    }
  }
})

t.test('no spelling names two fields of a table', async t => {
  for (const { name: table, fields } of all) {
    for (const { name, zh, en } of fields) {
      for (const spelling of [name, zh, en]) t.equal(findFieldName(table, spelling), name, spelling)
    }
  }
})

function lowerCamelCase(en: string): string {
  return en
    .toLowerCase()
    .split(' ')
    .map((word, i) => (i === 0 ? word : word.slice(0, 1).toUpperCase() + word.slice(1)))
    .join('')
}
