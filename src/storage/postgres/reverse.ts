import { createHash } from 'node:crypto'
import type { StoredRecord } from '../../model/record.ts'
import { isPublic } from '../../model/value.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

/** A value as the index has it: the first 16 bytes of its SHA-256. */
export function digestOf(value: string): Buffer {
  return createHash('sha256').update(value).digest().subarray(0, 16)
}

/** What of a record can be found again by its value: public text, and none of the protocol's own types. */
export function searchableValues(record: StoredRecord): { digests: Buffer[]; types: string[] } {
  const found = record.values.flatMap(value =>
    isPublic(value) && value.data.format === 'string' && !value.type.startsWith('HS_')
      ? [{ digest: digestOf(value.data.value), type: value.type }]
      : [],
  )
  return { digests: found.map(({ digest }) => digest), types: found.map(({ type }) => type) }
}

export interface ValueHit {
  readonly key: string
  readonly identifier: string
  readonly prefix: string
  readonly system: StoredRecord['system']
  readonly subject: string | null
  readonly via: string
}

export interface ReverseReader {
  /** Living records that have this very text as a public value. */
  byValue(value: string, page: PageRequest): Promise<Page<ValueHit>>
  /** The subject with this credit code, by its blind index. */
  subjectByUscc(usccIndex: string): Promise<{ id: string; code: string } | undefined>
}

export function makeReverseReader(database: Queries): ReverseReader {
  return {
    async byValue(value, { cursor, limit }) {
      const rows = await database.query<ValueHit>(
        `select r.key, r.identifier, r.prefix, r.system, r.subject, min(v.type) as via
         from public_values v join records r on r.key = v.key and r.prefix = v.prefix
         where v.digest = $1 and v.key > $2 and r.gone is null
         group by r.key, r.identifier, r.prefix, r.system, r.subject
         order by r.key limit $3`,
        [digestOf(value), cursor === undefined ? '' : readCursor(cursor), limit + 1],
      )
      return pageOf(
        rows,
        limit,
        row => row,
        row => row.key,
      )
    },

    async subjectByUscc(usccIndex) {
      const [row] = await database.query<{ id: string; code: string }>(
        'select id, code from subjects where uscc_index = $1',
        [usccIndex],
      )
      return row
    },
  }
}
