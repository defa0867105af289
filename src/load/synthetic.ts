import { randomBytes } from 'node:crypto'

/** Unknown identifiers in one mix: more than a negative cache of the default size remembers would not be told apart. */
const unknownMax = 100_000

/**
 * Identifiers with a share of others under the same prefixes that nobody registered, spread evenly; each of those is asked
 * once before any comes again.
 * @param share from 0 to below 1
 */
export function withUnknown(identifiers: readonly string[], share: number): readonly string[] {
  if (share === 0) return identifiers
  const count = Math.min(unknownMax, Math.max(1_000, identifiers.length))
  const seed = randomBytes(4).toString('hex')
  const mixed: string[] = []
  for (let at = 0; at < count; at++) {
    const known = identifiers[at % identifiers.length] as string
    const isUnknown = Math.floor((at + 1) * share) > Math.floor(at * share)
    mixed.push(isUnknown ? `${prefixOf(known)}/bench-${seed}-${at}` : known)
  }
  return mixed
}

function prefixOf(identifier: string): string {
  const slash = identifier.indexOf('/')
  return slash === -1 ? identifier : identifier.slice(0, slash)
}
