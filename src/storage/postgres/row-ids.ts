import { randomBytes } from 'node:crypto'

/**
 * Ids for rows that only we name: made here and not by a sequence, so that any engine and any number of processes
 * can write them. They begin with the time, which keeps new rows together in an index.
 * @returns 12 hex digits of milliseconds, 16 random ones
 */
export function makeRowId(at: Date): string {
  return at.getTime().toString(16).padStart(12, '0') + randomBytes(8).toString('hex')
}
