import t from 'tap'
import { type Field, type Form, type Table, tableNames } from '../../src/schemas/field.ts'
import { profiles } from '../../src/schemas/profiles.ts'
import { exists, followsTable, read } from '../tidy/tree.ts'

const head = `# Data dictionary

The seven tables of AII/002-2020 §4, as \`GET /v1/schemas\` gives them. Written from the data in \`src/schemas/\` by a test;
do not edit. A field is read by its code name, its Chinese or its English name. *Required*: \`●\` printed as required in the
standard, \`○\` required by the profile \`production\` only. Limits are those of \`production\`; \`seed-strict\` takes the standard
by the letter and keeps the lengths of texts and the forms of dates and telephones only.

| written | means |
|---|---|
| text ≤ n | at most n characters, on one line; *lines*: line breaks allowed |
| date | a number \`YYYYMMDD\` that is a day; in \`production\` also the text \`YYYY-MM-DD\` |
| phone | digits as text or number; stored as text, written as text (\`production\`) or number (\`seed-strict\`) |
| fresh for | how long a value of a fast-changing item counts as fresh |
`

t.test('docs/data-dictionary.md has every field', async t => {
  const parts = tableNames.map((name, i) => partOf(profiles.production.tables[name], i + 1))

  followsTable(t, 'docs/data-dictionary.md', `${head}\n${parts.join('\n')}`)
})

t.test('docs/conformance/aii-002.md names files that exist', async t => {
  const text = read('docs/conformance/aii-002.md')
  const files = [...text.matchAll(/`((?:src|test|docs)\/[\w./-]+)`/g)].map(([, file]) => file ?? '')

  t.ok(files.length > 10)
  for (const file of files) t.ok(exists(file), file)
})

function partOf({ name, zh, en, clause, rows, fields, order }: Table, number: number): string {
  const count = rows === 'one' ? 'one row, `current`' : 'any number of rows'
  const lines = fields.map((field, i) => lineOf(name, field, `${number}.${i + 1}`))
  const rules = order.map(([earlier, later]) => `\`${later}\` is not before \`${earlier}\`.\n`)
  return [
    `## ${zh} · ${en}\n\n\`${name}\`, §${clause}, ${count}\n\n`,
    '| # | name | 中文 | English | type | required | form | 说明 | meaning |\n',
    '|---|---|---|---|---|---|---|---|---|\n',
    ...lines,
    ...(rules.length === 0 ? [] : ['\n', ...rules]),
  ].join('')
}

function lineOf(table: Table['name'], field: Field, number: string): string {
  const { name, zh, en, type, description } = field
  const isPrinted = profiles['seed-strict'].tables[table].fields.some(
    each => each.name === name && each.required,
  )
  const required = isPrinted ? '●' : field.required ? '○' : ''
  const cells = [number, `\`${name}\``, zh, en, type, required, formOf(field), description.zh]
  return `| ${[...cells, description.en].join(' | ')} |\n`
}

function formOf({ form, maxAgeSeconds }: Field): string {
  const fresh = maxAgeSeconds === undefined ? '' : `; fresh for ${maxAgeSeconds} s`
  return describeForm(form) + fresh
}

function describeForm(form: Form): string {
  switch (form.kind) {
    case 'text':
      return `text ≤ ${form.charsMax}${form.prose ? ', lines' : ''}`
    case 'uscc':
      return 'GB 32100; a wrong check symbol is a warning'
    case 'residentId':
      return 'GB 11643'
    case 'date':
      return `date${form.past ? ', not in the future' : ''}${form.mayBeEndless ? ', or 99991231' : ''}`
    case 'period':
      return 'days 1 to 36500, or date, or 99991231'
    case 'count':
      return 'whole, ≥ 0'
    case 'quantity':
      return '≥ 0'
    case 'number':
      return 'any number'
    case 'phone':
      return form.mobile ? 'phone, mobile' : 'phone'
  }
}
