import { PrefixDirectory } from '../../src/mapping/directory.ts'
import { anyone } from '../../src/model/caller.ts'
import type { System } from '../../src/model/identifier.ts'
import type { Prefix } from '../../src/model/prefix.ts'
import type { StoredRecord } from '../../src/model/record.ts'
import type { Subject } from '../../src/model/subject.ts'
import { type AnswerCacheBounds, makeAnswerCache } from '../../src/resolver/answer-cache.ts'
import type { Found } from '../../src/resolver/parts.ts'
import { makeResolver, type Question, type ResolverParts } from '../../src/resolver/resolve.ts'
import { anIdentifier, codePrefix, nodePrefix } from '../support/builders.ts'
import { aClock } from '../support/clock.ts'

export interface World {
  readonly prefixes?: readonly (Prefix & { readonly serial: number })[]
  readonly subjects?: readonly (Subject & { readonly epoch: number })[]
  readonly records?: readonly StoredRecord[]
  readonly parts?: Partial<ResolverParts>
  readonly bounds?: Partial<AnswerCacheBounds>
}

/** A resolver over records in memory and a clock that stands still. */
export function aResolver({ prefixes = [], subjects = [], records = [], parts, bounds }: World) {
  const clock = aClock()
  const directory = new PrefixDirectory(nodePrefix)
  directory.learn({ prefixes, subjects })
  const store = aStoreOf(records)
  const resolver = makeResolver({
    directory,
    cache: makeAnswerCache({ entriesMax: 1000, bytesMax: 10_000_000, absentMax: 100, ...bounds }),
    find: store.find,
    mayBeIssued: () => true,
    seesAll: ({ role, subject }, _record, { owner }) =>
      role === 'operator' || (subject !== null && subject === owner),
    encode: (answer, form) => Buffer.from(`${form}:${JSON.stringify(answer)}`),
    clock,
    random: () => 0,
    publicUrl: () => 'https://id.example.cn',
    codePrefix,
    answerTtlSeconds: 300,
    ttlJitter: 0.1,
    absentTtlSeconds: 10,
    staleSecondsMax: 3600,
    metrics: { resolved: () => undefined, storeAway: () => undefined, refreshed: () => undefined },
    ...parts,
  })

  /** Asks as anyone, for the whole answer, unless the question says otherwise. */
  async function ask(
    identifier: string,
    more: Partial<Omit<Question, 'identifier'>> & { readonly system?: System } = {},
  ) {
    const { system, ...question } = more
    return resolver.resolve({
      identifier: anIdentifier(identifier, system),
      caller: anyone,
      filter: { types: [], indexes: [] },
      ...question,
    })
  }

  return { ask, resolver, directory, store, clock }
}

/** The truth in memory: counts what it is asked, can be held back and can go away. */
export function aStoreOf(records: readonly StoredRecord[]) {
  const rows = new Map<string, Found>()
  const store = {
    /** Keys asked for, in order. */
    asked: [] as string[],
    failure: undefined as unknown,
    /** What an answer waits for, read when the question is asked. */
    gate: Promise.resolve(),
    put(record: StoredRecord) {
      for (const [key, { record: former }] of rows) if (former.key === record.key) rows.delete(key)
      rows.set(record.key, { record, via: null })
      for (const via of record.aliases) rows.set(via.key, { record, via })
    },
    async find(key: string): Promise<Found | undefined> {
      store.asked.push(key)
      const { gate, failure } = store
      const found = rows.get(key)
      await gate
      if (failure !== undefined) throw failure
      return found
    },
  }
  for (const record of records) store.put(record)
  return store
}

/** A promise with its ends outside. */
export function aGate<Value = void>() {
  let open: (value: Value) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const gate = new Promise<Value>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { gate, open, fail }
}
