import { invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next page begins; null at the end. */
  readonly next: string | null
}

export interface PageRequest {
  /** As {@link Page.next} gave it; absent: from the start. */
  readonly cursor?: string | undefined
  readonly limit: number
}

/**
 * Makes a page of rows that were asked for with one more than its limit.
 * @param keyOf what the next page's query goes on after
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => string,
): Page<Item> {
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return {
    items: rows.slice(0, limit).map(toItem),
    next: last === undefined ? null : Buffer.from(keyOf(last)).toString('base64url'),
  }
}

/** @throws Failure `INPUT_INVALID` for a text that no page gave */
export function readCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString()
  if (Buffer.from(key).toString('base64url') === cursor && !key.includes('\0')) return key
  throw invalid('/cursor', 'cursor', say('游标无效', 'this is no cursor of this list'))
}
