import { isUnknown } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { Answer } from '../../../resolver/parts.ts'

/** What is known at one level of a GS1 key and its qualifiers. */
export interface Level {
  readonly identifier: Identifier
  readonly answer: Answer
}

/**
 * Asks for every level at once. A record that answers for several levels stands at the most general of them: the others
 * have none of their own.
 * @param asked the most particular first
 * @returns the levels that have a record, in this order
 * @throws Failure of a level that is more particular than these, unless it is only unknown; of the key where there are none
 */
export async function findLevels(
  asked: readonly Identifier[],
  ask: (identifier: Identifier) => Promise<Answer>,
): Promise<readonly Level[]> {
  const outcomes = await Promise.allSettled(asked.map(ask))
  const places = new Map<string, number>()
  const failures: unknown[] = []
  for (const [place, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') places.set(outcome.value.identifier, place)
    else failures[place] = outcome.reason
  }
  const levels = asked.flatMap((identifier, place) => {
    const outcome = outcomes[place]
    const isOwn = outcome?.status === 'fulfilled' && places.get(outcome.value.identifier) === place
    return isOwn ? [{ identifier, place, answer: outcome.value }] : []
  })
  // A serial number that was withdrawn is not its class.
  const bad = failures.findIndex(failure => failure !== undefined && !isUnknown(failure))
  if (bad >= 0 && bad < (levels[0]?.place ?? asked.length)) throw failures[bad]
  if (levels.length === 0) throw failures.at(-1)
  return levels
}
