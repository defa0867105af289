import type { System } from '../../model/identifier.ts'
import type { Ledger, PrefixRow } from '../parts.ts'
import { withoutEpoch, writePrefix } from './hand-over.ts'

/** A prefix that a job or a batch wrote. */
export interface WrittenPrefix {
  readonly system: System
  readonly prefix: string
  /** The serial that was written. */
  readonly serial: number
  /** As it was before; null: it was not there. */
  readonly before: PrefixRow | null
}

/**
 * Writes what a prefix was before. One that was not there is disabled and nobody's: it stays known, and nothing under it
 * resolves.
 * @param by client id
 * @returns false where somebody has written it since: it stays as it is
 */
export async function undoPrefix(
  ledger: Ledger,
  { system, prefix, serial, before }: WrittenPrefix,
  by: string,
): Promise<boolean> {
  await ledger.lockSystem(system)
  const now = await ledger.lockPrefix(system, prefix)
  if (now?.serial !== serial) return false
  const row = before ?? { ...withoutEpoch(now), owner: null, state: 'disabled' as const }
  await writePrefix(ledger, { row: { ...row, serial: serial + 1 }, before: now, by })
  return true
}
