import type { TableName } from './field.ts'
import { phoneAsNumber } from './phone.ts'
import { type ProfileName, profiles } from './profiles.ts'
import type { Fields } from './validate.ts'

/**
 * A stored row as a profile writes it: the standard's letter has telephone numbers as numbers.
 * Items of rows that `readRow` accepted under either profile; what is not there stays away.
 */
export function writeRow(table: TableName, profileName: ProfileName, stored: Fields): Fields {
  const profile = profiles[profileName]
  const given = profile.tables[table].fields.flatMap(({ name, form }) => {
    const value = stored[name]
    if (value === undefined) return []
    const isNumber = form.kind === 'phone' && profile.writesPhonesAs === 'number'
    return [[name, isNumber ? phoneAsNumber(String(value)) : value] as const]
  })
  return Object.fromEntries(given)
}
