import { randomUUID } from 'node:crypto'

/**
 * Ids for rows that only we name: made here and not by a sequence, so that any engine and any number of processes
 * can write them. They begin with the time, which keeps new rows together in an index.
 * @param position among the rows that one transaction writes, which are numbered in this order
 * @returns 12 hex digits of milliseconds, 6 of the position, 16 random ones
 */
export function makeRowId(at: Date, position: number): string {
  const time = at.getTime().toString(16).padStart(12, '0')
  // Of its digits those that are random: Node draws many UUIDs at once, which costs a tenth of drawing for each.
  const random = randomUUID()
  return time + position.toString(16).padStart(6, '0') + random.slice(0, 8) + random.slice(-8)
}
