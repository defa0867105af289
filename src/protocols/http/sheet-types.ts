import type { SheetFormat } from '../../registry/jobs/parts.ts'
import { likedBest } from './negotiate.ts'

/** Media types of files with rows; the first of each is how they are given. */
export const sheetTypes = {
  ndjson: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  csv: ['text/csv'],
  xlsx: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
} as const satisfies Record<SheetFormat, readonly string[]>

const formatsByType: ReadonlyMap<string, SheetFormat | 'json'> = new Map([
  ['application/json', 'json'],
  ...Object.entries(sheetTypes).flatMap(([format, types]) =>
    types.map(type => [type, format as SheetFormat] as const),
  ),
])

/** The kind of file the asker likes best; undefined for a page of JSON, which is also for those who name nothing. */
export function sheetFormatOf(accept: string | undefined): SheetFormat | undefined {
  if (accept === undefined) return undefined
  const liked = likedBest(accept, formatsByType)
  return liked === 'json' ? undefined : liked
}

/** Headers of a file that is saved under this name. */
export function sheetHeaders(format: SheetFormat, name: string) {
  const charset = format === 'csv' ? '; charset=utf-8' : ''
  return {
    'Content-Type': sheetTypes[format][0] + charset,
    'Content-Disposition': `attachment; filename="${name}.${format}"`,
  }
}
