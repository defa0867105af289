import { invalid } from '../../model/failures.ts'
import type { System } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import { say } from '../../model/text.ts'
import { type ContestParts, contestsOf } from '../holdings/contests.ts'
import { withoutEpoch, writePrefix } from '../holdings/hand-over.ts'
import type { Ledger, PrefixRow } from '../parts.ts'
import { blankPrefix, mergePrefix, type PrefixParts } from '../prefixes.ts'
import { beyondGrant } from './faults.ts'
import type { PrefixLine } from './read-rows.ts'
import type { Scope } from './scope.ts'

export interface PrefixLineParts extends ContestParts {
  readonly parsePrefix: PrefixParts['parsePrefix']
  readonly subjectIdByCode: PrefixParts['subjectIdByCode']
  /** Whether a handle prefix is the node's own, or where it issues codes: nobody else says what these are. */
  readonly isNodes: (prefix: string) => boolean
}

/** What a line makes of a prefix. */
export interface PrefixChange {
  readonly outcome: 'added' | 'changed' | 'unchanged' | 'withdrawn'
  /** It takes a prefix from who holds it, or overlaps with what another holds. */
  readonly isConflicting: boolean
  readonly before: (PrefixRow & { readonly epoch: number }) | undefined
  readonly after: PrefixRow
}

/**
 * Reads the prefix of a line in its stored form.
 * @throws Failure `INPUT_INVALID`, and `NOT_PERMITTED` where the grant does not reach
 */
function aimPrefix(
  { parsePrefix, isNodes }: PrefixLineParts,
  { system: asked, prefix: text }: PrefixLine,
  scope: Scope,
): Pick<PrefixRow, 'system' | 'prefix'> {
  const system = asked === 'code' ? 'handle' : asked
  const prefix = parsePrefix(system, text)
  if (!scope(system, prefix)) throw beyondGrant('/prefix')
  if (system === 'handle' && isNodes(prefix)) {
    const detail = say('该前缀由本节点自己使用', 'the prefix is the node’s own')
    throw invalid('/prefix', 'prefix.own', detail)
  }
  return { system, prefix }
}

/** The row of a prefix that this line alone would make: by it, identifiers of the same batch find their prefix. */
export function prefixSaid(
  parts: PrefixLineParts,
  line: PrefixLine,
  scope: Scope,
  findPrefix: (system: System, prefix: string) => Prefix | undefined,
): Prefix {
  const { system, prefix } = aimPrefix(parts, line, scope)
  const before = findPrefix(system, prefix)
  const row = { ...blankPrefix(system, prefix), ...before }
  return { ...mergePrefix(parts, row, line.input), epoch: before?.epoch ?? 0 }
}

/** Compares a line with what is there, under the lock of the prefix's row. */
export async function planPrefix(
  parts: PrefixLineParts,
  ledger: Ledger,
  line: PrefixLine,
  scope: Scope,
): Promise<PrefixChange> {
  const { system, prefix } = aimPrefix(parts, line, scope)
  const before = await ledger.lockPrefix(system, prefix)
  const isWithdrawal = line.input.state === 'disabled' && Object.keys(line.input).length === 1
  const former = before === undefined ? blankPrefix(system, prefix) : withoutEpoch(before)
  const merged = mergePrefix(parts, former, line.input)
  if (before === undefined && isWithdrawal) {
    return { outcome: 'unchanged', isConflicting: false, before, after: merged }
  }
  if (before !== undefined && JSON.stringify(merged) === JSON.stringify(former)) {
    return { outcome: 'unchanged', isConflicting: false, before, after: merged }
  }
  const isTaken = before !== undefined && before.owner !== null && merged.owner !== before.owner
  const isNewOwner = merged.owner !== null && merged.owner !== before?.owner
  const contests = isNewOwner
    ? await contestsOf(ledger, { system, prefix, subject: merged.owner }, parts)
    : []
  return {
    outcome: before === undefined ? 'added' : isWithdrawal ? 'withdrawn' : 'changed',
    isConflicting: isTaken || contests.some(({ kind }) => kind !== 'rival'),
    before,
    after: before === undefined ? merged : { ...merged, serial: before.serial + 1 },
  }
}

/** Writes what was planned; whoever released the batch has seen both sides of each conflict. */
export async function writePrefixChange(
  ledger: Ledger,
  { before, after }: PrefixChange,
  by: string,
): Promise<void> {
  if (after.owner !== null) await ledger.lockSystem(after.system)
  await writePrefix(ledger, { row: after, before, by })
}
