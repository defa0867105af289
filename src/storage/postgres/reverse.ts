import { hash } from 'node:crypto'
import type { StoredRecord } from '../../model/record.ts'
import { isPublic } from '../../model/value.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

/** A value as the index has it: the first 16 bytes of its SHA-256. */
export function digestOf(value: string): Buffer {
  return Buffer.from(hexDigestOf(value), 'hex')
}

/** The same in hex; in one call, because an import asks for millions. */
export function hexDigestOf(value: string): string {
  return hash('sha256', value, 'hex').slice(0, 32)
}

/** What of a record can be found again by its value: public text, and none of the protocol's own types. */
export function searchableTexts({
  values,
}: Pick<StoredRecord, 'values'>): { readonly text: string; readonly type: string }[] {
  return values.flatMap(value =>
    isPublic(value) && value.data.format === 'string' && !value.type.startsWith('HS_')
      ? [{ text: value.data.value, type: value.type }]
      : [],
  )
}

export function searchableValues(record: Pick<StoredRecord, 'values'>): {
  digests: Buffer[]
  types: string[]
} {
  const found = searchableTexts(record)
  return { digests: found.map(({ text }) => digestOf(text)), types: found.map(({ type }) => type) }
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
