import { nameCharsMax } from './bounds.ts'
import { type Field, type Form, type Table, type TableName, tableNames } from './field.ts'
import { tables } from './tables.ts'

/** How strictly by the letter the standard is taken. */
export const profileNames = ['seed-strict', 'production'] as const
export type ProfileName = (typeof profileNames)[number]

export interface Profile {
  readonly name: ProfileName
  readonly tables: Readonly<Record<TableName, Table>>
  /** `2020-08-21` is read where a day is asked for, beside the number 20200821. */
  readonly readsIsoDates: boolean
  /** Every item is a fact that a register could hold, and no register holds pictures. */
  readonly refusesEmoji: boolean
  readonly writesPhonesAs: 'text' | 'number'
}

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  /** The standard's letter: types and required items as printed, and no meaning read into them beyond dates and phones. */
  'seed-strict': {
    name: 'seed-strict',
    tables: transform(byTheLetter),
    readsIsoDates: false,
    refusesEmoji: false,
    writesPhonesAs: 'number',
  },
  /** The letter and its sense: the credit code is required, and what cannot be true is refused. */
  production: {
    name: 'production',
    tables: transform(withCreditCode),
    readsIsoDates: true,
    refusesEmoji: true,
    writesPhonesAs: 'text',
  },
}

function transform(change: (table: Table) => Table): Readonly<Record<TableName, Table>> {
  const changed = tableNames.map(name => [name, change(tables[name])] as const)
  return Object.fromEntries(changed) as Record<TableName, Table>
}

function byTheLetter(table: Table): Table {
  const fields = table.fields.map(field => ({ ...field, form: plainForm(field.form) }))
  return { ...table, fields, order: [] }
}

function plainForm(form: Form): Form {
  switch (form.kind) {
    case 'uscc':
    case 'residentId':
      return { kind: 'text', charsMax: nameCharsMax }
    case 'count':
    case 'quantity':
    case 'period':
      return { kind: 'number' }
    case 'date':
      return { kind: 'date', mayBeEndless: form.mayBeEndless ?? false }
    case 'phone':
      return { kind: 'phone' }
    case 'text':
    case 'number':
      return form
  }
}

/** The standard calls the credit code the subject's one lifelong code and forgets to require it (table 1). */
function withCreditCode(table: Table): Table {
  if (table.name !== 'basic') return table
  const require = (field: Field) => (field.name === 'uscc' ? { ...field, required: true } : field)
  return { ...table, fields: table.fields.map(require) }
}
