import { overlapOf, overlapSearch } from '../../mapping/conflicts.ts'
import { Failure } from '../../model/failures.ts'
import type { Confidence, Holding, HoldingState } from '../../model/holding.ts'
import type { System } from '../../model/identifier.ts'
import { say } from '../../model/text.ts'
import type { Claimant, HoldingRows } from '../parts.ts'

/**
 * The other side of a claim: whoever holds the same prefix (`taken`), one above it (`below`: the claim lies below theirs)
 * or below it (`above`), or claims one of these (`rival`).
 */
export interface Contest {
  readonly kind: 'taken' | 'below' | 'above' | 'rival'
  readonly system: System
  readonly prefix: string
  /** As paths name it: `gs1:6901234`; what a decision despite it has to say. */
  readonly key: string
  readonly code: string | null
  readonly holding: string | null
  readonly state: HoldingState
  readonly confidence: Confidence
  /** Since when it holds or claims, RFC 3339. */
  readonly since: string | null
}

export interface ContestParts {
  readonly codeOf: (subject: string) => string | undefined
  readonly printPrefix: (system: System, prefix: string) => string
}

/** What a claim is about, and whose it is. */
export type Claim = Pick<Holding, 'system' | 'prefix' | 'subject'>

/** Everybody of another subject who is in the way of a claim, part by part and not letter by letter. */
export async function contestsOf(
  rows: Pick<HoldingRows, 'claimantsAlong'>,
  { system, prefix, subject }: Claim,
  parts: ContestParts,
): Promise<Contest[]> {
  const found = await rows.claimantsAlong(overlapSearch(system, prefix))
  return found
    .filter(claimant => claimant.subject !== subject)
    .flatMap(claimant => contestWith(claimant, system, prefix, parts))
}

function contestWith(
  claimant: Claimant,
  system: System,
  claimed: string,
  { codeOf, printPrefix }: ContestParts,
): Contest[] {
  const { prefix, state, holding, confidence, since } = claimant
  const overlap = overlapOf(system, claimed, prefix)
  if (overlap === undefined) return []
  const kind = state === 'awaiting' ? 'rival' : overlap === 'same' ? 'taken' : overlap
  return [
    {
      kind,
      system,
      prefix,
      key: printPrefix(system, prefix),
      code: codeOf(claimant.subject) ?? null,
      holding,
      state,
      confidence,
      since: since?.toISOString() ?? null,
    },
  ]
}

/**
 * Nobody takes what another holds without a person having seen both sides: whoever decides names every prefix that is in
 * the way. Rival claims are shown and stop nobody: each waits for its own decision.
 * @param despite keys of prefixes, as {@link Contest.key} has them
 * @throws Failure `STATE_CONFLICT` with the fact `conflicts`
 */
export function demandSeen(contests: readonly Contest[], despite: readonly string[] = []): void {
  const unseen = contests.filter(({ kind, key }) => kind !== 'rival' && !despite.includes(key))
  if (unseen.length === 0) return
  const keys = [...new Set(unseen.map(({ key }) => key))].join(', ')
  const detail = say(
    `与其他主体的前缀冲突：${keys}；确认后请在 despite 中列出`,
    `it overlaps with what others hold: ${keys}; name these in "despite" to decide so all the same`,
  )
  throw new Failure('STATE_CONFLICT', detail, {
    errors: [{ pointer: '/despite', rule: 'prefix.overlap', detail }],
    facts: { conflicts: contests },
  })
}
