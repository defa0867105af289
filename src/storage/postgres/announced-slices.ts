import type { Announcement, DirectoryRows } from '../../registry/parts.ts'
import type { AnnouncedItem } from '../../registry/staging/parts.ts'
import type { Queries } from './database.ts'

/**
 * A transaction that announces more than this many identifiers outdates what was answered under their prefixes as a
 * whole: this process need not hold them all, nor forget them one by one.
 */
const itemsMax = 10_000

/** What one transaction announced in slices. */
export interface AnnouncedSlices {
  /** @param id of the row of `changes` that tells of them */
  add(id: string, items: readonly AnnouncedItem[]): void
  /** Grows the epochs of the prefixes touched, where there were too many identifiers to name. */
  flush(queries: Queries): Promise<void>
  /** What this process is to follow. */
  announcements(): readonly Announcement[]
}

export function collectSlices(): AnnouncedSlices {
  let items: AnnouncedItem[] = []
  let count = 0
  let first: { readonly id: string; readonly item: AnnouncedItem } | undefined
  let directory: DirectoryRows | undefined
  const prefixes = new Set<string>()

  return {
    add(id, more) {
      const [item] = more
      if (item === undefined) return
      first ??= { id, item }
      count += more.length
      for (const { prefix } of more) prefixes.add(prefix)
      items = count > itemsMax ? [] : [...items, ...more]
    },

    async flush(queries) {
      if (count <= itemsMax || first === undefined) return
      const rows = await queries.query<{ system: string; prefix: string }>(
        'update prefixes set epoch = epoch + 1 where prefix = any($1) returning system, prefix',
        [[...prefixes]],
      )
      directory = {
        prefixes: rows.map(({ system, prefix }) => [system, prefix] as const),
        subjects: [],
      }
      await queries.query('update changes set directory = $2 where id = $1', [
        first.id,
        JSON.stringify(directory),
      ])
    },

    announcements() {
      if (directory === undefined || first === undefined) return items
      return [{ ...first.item, directory }]
    },
  }
}
