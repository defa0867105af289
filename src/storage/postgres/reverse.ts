import { hash } from 'node:crypto'
import type { StoredRecord } from '../../model/record.ts'
import { isPublic, type Value } from '../../model/value.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

/**
 * A value as the index has it: the first 8 bytes of its SHA-256 as a signed number. Short, because an index of millions is
 * as fast as it is small; and whoever looks a value up compares it with the record's own.
 */
function digestOf(text: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hash('sha256', text, 'hex').slice(0, 16)}`))
}

/** By what a record is found again: digests of its searchable values, each once. */
export function digestsOf({ values }: Pick<StoredRecord, 'values'>): bigint[] {
  const digests: bigint[] = []
  for (const value of values) {
    const text = searchableText(value)
    if (text === undefined) continue
    const digest = digestOf(text)
    if (!digests.includes(digest)) digests.push(digest)
  }
  return digests
}

/** What of a value can be searched for: public text, and none of the protocol's own types. */
function searchableText(value: Value): string | undefined {
  const { data, type } = value
  return data.format === 'string' && isPublic(value) && !type.startsWith('HS_')
    ? data.value
    : undefined
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
      const rows = await database.query<HitRow>(
        `select r.key, r.identifier, r.prefix, r.system, r.subject, r.values
         from public_values v join records r on r.key = v.key
         where v.digest = $1 and v.key > $2 and r.gone is null
         order by v.key limit $3`,
        [digestOf(value), cursor === undefined ? '' : readCursor(cursor), limit + 1],
      )
      const { items, next } = pageOf(
        rows,
        limit,
        row => hitOf(row, value),
        row => row.key,
      )
      return { items: items.flatMap(hit => hit ?? []), next }
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

type HitRow = Omit<ValueHit, 'via'> & Pick<StoredRecord, 'values'>

/** @returns undefined for a record whose value only has the same digest */
function hitOf({ values, ...hit }: HitRow, text: string): ValueHit | undefined {
  const types = values.flatMap(value => (searchableText(value) === text ? [value.type] : []))
  const [via] = types.sort()
  return via === undefined ? undefined : { ...hit, via }
}
