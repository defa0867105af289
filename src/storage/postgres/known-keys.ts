import type { StoredKeys } from '../../resolver/known-keys.ts'
import type { Queries } from './database.ts'

/** A page is read from the index in a few milliseconds, on the embedded engine too, where everybody waits for it. */
const keysPerPage = 2_000

/** Tombstones are records, and of records and aliases each key is read once. */
const pageOf = {
  records: 'select key from records where key > $1 order by key limit $2',
  aliases: 'select key from aliases where key > $1 order by key limit $2',
} as const

/** Reads the keys of all records and aliases, without holding a transaction open. */
export function makeStoredKeys(database: Queries): StoredKeys {
  return {
    async estimate() {
      // What the last vacuum or analyze found; −1 before the first one.
      const [row] = await database.query<{ count: number }>(
        `select coalesce(sum(greatest(reltuples, 0)), 0)::float8 as count
         from pg_class where oid in ('records'::regclass, 'aliases'::regclass)`,
      )
      return Math.ceil(row?.count ?? 0)
    },

    async *pages() {
      for (const sql of Object.values(pageOf)) {
        let after = ''
        for (;;) {
          const rows = await database.query<{ key: string }>(sql, [after, keysPerPage])
          if (rows.length === 0) break
          yield rows.map(({ key }) => key)
          after = rows.at(-1)?.key ?? ''
          if (rows.length < keysPerPage) break
        }
      }
    },
  }
}
