import { say, type Text } from '../../../model/text.ts'

/** What the types of values that many records have are called; others are shown as they are. */
const valueNames: ReadonlyMap<string, Text> = new Map([
  ['URL', say('网址', 'Web page')],
  ['LINK', say('链接', 'Link')],
  ['DESC', say('说明', 'Description')],
  ['MODEL', say('型号', 'Model')],
  ['MANUFACTURER', say('生产商', 'Manufacturer')],
  ['EMAIL', say('电子邮件', 'E-mail')],
])

export function valueName(type: string): Text | undefined {
  return valueNames.get(type.toUpperCase())
}
