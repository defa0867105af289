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

/** One of the records that load is tested with, by its number. */
export function syntheticIdentifier(prefix: string, number: number): string {
  return `${prefix}/LOAD-${number}`
}

/** As a job takes it: a product with five values of ordinary size. */
export function syntheticRow(prefix: string, number: number) {
  const url = `https://example.com/load/${number}`
  return {
    identifier: syntheticIdentifier(prefix, number),
    kind: 'product',
    values: [
      { index: 1, type: 'URL', data: url },
      { index: 2, type: 'DESC', data: `压测样品 ${number}` },
      { index: 3, type: 'MODEL', data: `M-${number % 100}` },
      { index: 4, type: 'SPEC', data: '400 V, 50 Hz, IP54' },
      { index: 5, type: 'MANUAL', data: `${url}/manual.pdf` },
    ],
  }
}
