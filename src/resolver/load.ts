import type { Identifier } from '../model/identifier.ts'
import type { Entry } from './answer-cache.ts'
import { makeEntry } from './entry.ts'
import type { ResolverParts } from './resolve.ts'

export interface Loaded {
  readonly entry: Entry
  readonly source: 'redis' | 'store'
}

export interface Loader {
  (identifier: Identifier, fresh: boolean): Promise<Loaded>
  /** A load under way for this key may have read what was before: nobody new may join it, and it is not kept. */
  outdate(key: string): void
  outdateAll(): void
}

/** One load a key at a time; whoever asks meanwhile waits for the same one. */
export function makeLoader(parts: ResolverParts): Loader {
  const { cache, find } = parts
  const flights = new Map<string, Promise<Loaded>>()

  function fly(identifier: Identifier, fresh: boolean): Promise<Loaded> {
    const { key } = identifier
    const underWay = fresh ? undefined : flights.get(key)
    if (underWay !== undefined) return underWay
    const flight = find(key, fresh)
      .then(found => {
        const entry = makeEntry(parts, identifier, found?.record)
        if (flights.get(key) === flight) cache.set(key, entry)
        return { entry, source: found?.source ?? 'store' } as const
      })
      .finally(() => {
        if (flights.get(key) === flight) flights.delete(key)
      })
    flights.set(key, flight)
    return flight
  }

  return Object.assign(fly, {
    outdate: (key: string) => void flights.delete(key),
    outdateAll: () => flights.clear(),
  })
}
