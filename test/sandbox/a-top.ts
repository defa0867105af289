import type { Test } from 'tap'
import { openIdentity } from '../../src/sandbox/identity.ts'
import { openJournal } from '../../src/sandbox/journal.ts'
import { aDataFolder } from '../support/store.ts'

/** The wall's: TLS looks at no other clock. */
export const now = new Date()

/** A simulated top-level node's keys and notes, in a folder of the test's own. */
export async function aTop(t: Test) {
  const folder = await aDataFolder(t)
  const identity = await openIdentity(folder, now)
  return { folder, identity, journal: await openJournal(folder) }
}
