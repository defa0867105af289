import { extname } from 'node:path'
import { say } from '../model/text.ts'
import { type SheetFormat, sheetFormats } from '../registry/jobs/parts.ts'
import { type Call, UsageError } from './command.ts'

/** As the node knows them. */
export const sheetTypes: Readonly<Record<SheetFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}

const suffixes: Readonly<Record<string, SheetFormat>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.xlsx': 'xlsx',
}

export const formatOption = {
  format: {
    kind: 'text',
    value: 'ndjson|csv|xlsx',
    help: say(
      '文件格式；缺省按文件名后缀',
      'the format; by default told from the name of the file',
    ),
  },
} as const

/**
 * The format of a file: said by the option, else by its name.
 * @throws UsageError where neither says it
 */
export function sheetFormatOf({ given }: Call, file: string | undefined): SheetFormat | undefined {
  const said = given.text('format')
  if (said === undefined) return suffixes[extname(file ?? '').toLowerCase()]
  const format = sheetFormats.find(each => each === said.toLowerCase())
  if (format !== undefined) return format
  throw new UsageError(say('--format 须为 ndjson、csv 或 xlsx', '--format is ndjson, csv or xlsx'))
}

/** Text as it comes, to standard output. */
export async function writeText({ write }: Call, bytes: AsyncIterable<Buffer>): Promise<void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  for await (const piece of bytes) await write(decoder.decode(piece, { stream: true }))
}
