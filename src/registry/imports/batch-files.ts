import { say } from '../../model/text.ts'
import { inFile, onRow, refusal } from './faults.ts'
import { type PieceParts, readLines } from './pieces.ts'
import { type PrefixLine, readMembers, readPrefixLine } from './read-rows.ts'
import type { GrantRow, ImportRow } from './rows.ts'
import { makeScope, type Scope } from './scope.ts'

export const identifiersFile = 'identifiers.ndjson'
export const prefixesFile = 'prefixes.ndjson'
export const basicFile = 'basic.ndjson'

export function hasFile({ manifest }: Pick<ImportRow, 'manifest'>, file: string): boolean {
  return manifest.files.some(({ name }) => name === file)
}

/** @throws Failure `NOT_PERMITTED` for a table that the grant does not name, `INPUT_INVALID` for one that nobody can import */
export function demandTables({ manifest }: Pick<ImportRow, 'manifest'>, grant: GrantRow): void {
  for (const { name: file } of manifest.files) {
    const table = file.slice(0, -'.ndjson'.length)
    const pointer = `/files/${file}`
    if (!grant.tables.includes(table)) {
      const detail = say(`授权令未包含 ${table}`, `the grant does not reach ${table}`)
      throw refusal('NOT_PERMITTED', pointer, 'grant.tables', detail, { file })
    }
    if ([identifiersFile, prefixesFile, basicFile].includes(file)) continue
    const detail = say(
      `尚不能导入 ${table}；可导入 identifiers、prefixes、basic`,
      `${table} cannot be imported yet; identifiers, prefixes and basic can`,
    )
    throw refusal('INPUT_INVALID', pointer, 'files.table', detail, { file })
  }
}

/** What both the manifest and the grant let in: each row lies under a prefix of either. */
export function scopeOf(
  { manifest }: Pick<ImportRow, 'manifest'>,
  grant: Pick<GrantRow, 'prefixes'>,
): Scope {
  const said = makeScope(manifest.prefixes)
  const granted = makeScope(grant.prefixes)
  return (system, authority) => said(system, authority) && granted(system, authority)
}

/** A line of `prefixes.ndjson` by its number. */
export interface NumberedPrefixLine {
  readonly row: number
  readonly line: PrefixLine
}

/** The lines of `prefixes.ndjson`: bounded when they were received, so that they may be held. */
export async function readPrefixLines(
  parts: PieceParts,
  batch: ImportRow,
): Promise<readonly NumberedPrefixLine[]> {
  const found: NumberedPrefixLine[] = []
  if (!hasFile(batch, prefixesFile)) return found
  await inFile(prefixesFile, async () => {
    for await (const lines of readLines(parts, batch.id, prefixesFile)) {
      for (const { row, text } of lines) {
        found.push({ row, line: onRow(row, () => readPrefixLine(readMembers(text))) })
      }
    }
  })
  return found
}
