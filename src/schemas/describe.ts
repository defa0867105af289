import type { Text } from '../model/text.ts'
import { type FieldType, type Table, type TableName, tableNames } from './field.ts'
import { type ProfileName, profiles } from './profiles.ts'

/** A table as `GET /v1/schemas/{table}` shows it. */
export interface TableDescription {
  readonly name: TableName
  readonly zh: string
  readonly en: string
  readonly clause: string
  readonly fields: readonly FieldDescription[]
}

export interface FieldDescription {
  readonly name: string
  readonly zh: string
  readonly en: string
  readonly type: FieldType
  readonly required: boolean
  readonly description: string
  readonly clause: string
  readonly maxAgeSeconds?: number
}

/** All seven, as `GET /v1/schemas` shows them. */
export function describeTables(profile: ProfileName, language: keyof Text) {
  return { tables: tableNames.map(name => describeTable(name, profile, language)) }
}

/** @param language of the descriptions; the names are given in both */
export function describeTable(
  table: TableName,
  profile: ProfileName,
  language: keyof Text,
): TableDescription {
  const { name, zh, en, clause, fields } = profiles[profile].tables[table]
  return { name, zh, en, clause, fields: fields.map(describeField) }

  function describeField(field: Table['fields'][number]): FieldDescription {
    const { maxAgeSeconds } = field
    return {
      name: field.name,
      zh: field.zh,
      en: field.en,
      type: field.type,
      required: field.required,
      description: field.description[language],
      clause,
      ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    }
  }
}
