import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import type { StoredRecord } from '../../src/model/record.ts'
import type { Found } from '../../src/resolver/parts.ts'
import {
  type CommittedChange,
  makeRecentChanges,
  type NumberedChange,
  type RecentChanges,
  recallChanges,
} from '../../src/resolver/recent-changes.ts'
import { makeSharedFind, type SharedEntry } from '../../src/resolver/shared-records.ts'
import { anAlias, aRecord } from '../support/builders.ts'
import { aGate } from './a-resolver.ts'

/** What processes share, and how often each was asked. */
function aShelf(stored: readonly StoredRecord[] = []) {
  const shared = new Map<string, SharedEntry>()
  const verdicts: string[] = []
  const asked = { shared: 0, store: 0 }
  const recent = makeRecentChanges()
  recent.reached(10)
  const records = new Map(stored.map(record => [record.key, record]))
  const findStored = async (key: string): Promise<Found | undefined> => {
    asked.store += 1
    const record =
      records.get(key) ??
      [...records.values()].find(({ aliases }) => aliases.some(alias => alias.key === key))
    if (record === undefined) return undefined
    const via =
      record.key === key ? null : (record.aliases.find(alias => alias.key === key) ?? null)
    return { record, via }
  }
  const parts = {
    findShared: async (key: string) => {
      asked.shared += 1
      return shared.get(key)
    },
    findStored,
    put: (key: string, entry: SharedEntry) => void shared.set(key, entry),
    recent,
    metrics: { judged: (verdict: string) => void verdicts.push(verdict) },
  }
  return { shared, verdicts, asked, recent, records, parts, find: makeSharedFind(parts) }
}

const record = aRecord({ identifier: '88.118.8/a', aliases: [anAlias('01/06901234000016', 'gs1')] })
const aliasKey = 'gs1:01/06901234000016'

t.test('what the store says is shared, and the next one has it from there', async t => {
  const { find, asked, shared, verdicts } = aShelf([record])

  const first = await find(record.key, false)
  const second = await find(record.key, false)

  t.strictSame(first, { record, via: null })
  t.strictSame(second, { record, via: null, source: 'redis' })
  t.strictSame(shared.get(record.key), { record, asOfSeq: 10 })
  t.strictSame(asked, { shared: 2, store: 1 })
  t.strictSame(verdicts, ['hit'])
})

t.test('an alias is shared under its own key and says by which alias it was found', async t => {
  const { find, asked } = aShelf([record])

  await find(aliasKey, false)
  const found = await find(aliasKey, false)

  t.strictSame(found, { record, via: record.aliases[0], source: 'redis' })
  t.equal(asked.store, 1)
})

t.test('a tombstone is shared like any record', async t => {
  const gone = { ...record, gone: { reason: 'recalled' } }
  const { find, asked } = aShelf([gone])

  await find(gone.key, false)

  t.match(await find(gone.key, false), { record: { gone: { reason: 'recalled' } } })
  t.equal(asked.store, 1)
})

t.test('what does not exist is not shared', async t => {
  const { find, shared } = aShelf()

  t.equal(await find('88.118.8/none', false), undefined)
  t.equal(shared.size, 0)
})

t.test('a late copy is a miss, and the true record is written over it', async t => {
  const { find, shared, recent, verdicts } = aShelf([{ ...record, serial: 2 }])
  shared.set(record.key, { record, asOfSeq: 10 })
  recent.committed([{ identifier: record.identifier, serial: 2, keys: [record.key] }])

  const found = await find(record.key, false)

  t.match(found, { record: { serial: 2 } })
  t.equal(found?.source, undefined)
  t.match(shared.get(record.key), { record: { serial: 2 } })
  t.strictSame(verdicts, ['late'])
})

t.test(
  'a copy is dated before the store was asked, so that a change meanwhile makes it late',
  async t => {
    const { parts, shared, recent } = aShelf([record])
    const { gate, open } = aGate()
    const find = makeSharedFind({
      ...parts,
      findStored: async key => {
        const found = await parts.findStored(key)
        await gate
        return found
      },
    })
    const numbers = recent.watch(
      aFeedOf([{ seq: 11, identifier: '88.118.8/A', serial: 2, keys: [record.key] }]),
    )

    const finding = find(record.key, false)
    await new Promise(setImmediate)
    await numbers.after(10, 1)
    open()
    await finding

    t.match(shared.get(record.key), { asOfSeq: 10 })
    t.notOk(recent.covers({ key: record.key, record, asOfSeq: 10 }))
  },
)

t.test('who asks past the caches gets what the store says, and shares it', async t => {
  const { find, asked, shared } = aShelf([{ ...record, serial: 3 }])
  shared.set(record.key, { record, asOfSeq: 10 })

  const found = await find(record.key, true)

  t.match(found, { record: { serial: 3 } })
  t.strictSame(asked, { shared: 0, store: 1 })
  t.match(shared.get(record.key), { record: { serial: 3 } })
})

t.test(
  'while the store is away, what is shared is answered and only the rest is refused',
  async t => {
    const { parts, shared } = aShelf()
    shared.set(record.key, { record, asOfSeq: 10 })
    const find = makeSharedFind({
      ...parts,
      findStored: () => Promise.reject(new Failure('STORE_AWAY')),
    })

    const [there, missing] = await Promise.allSettled([
      find(record.key, false),
      find('88.118.8/b', false),
    ])

    t.match(there, { status: 'fulfilled', value: { source: 'redis' } })
    t.match(missing, { status: 'rejected', reason: { code: 'STORE_AWAY' } })
  },
)

t.test(
  'however reads, writes, numbering and losses fall: nobody is given less than it knows',
  async t => {
    const action = fc.record({
      kind: fc.constantFrom(
        'write',
        'bulk',
        'number',
        'look',
        'ask',
        'ask',
        'answer',
        'store',
        'flush',
        'jump',
        'restart',
      ),
      who: fc.nat(2),
      key: fc.nat(3),
      pick: fc.nat(7),
    })
    const history = fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(action, { maxLength: 200, size: 'max' }),
      async (marksMax, actions) => {
        const world = new World(marksMax)
        for (const { kind, who, key, pick } of actions) await world[kind](who, key, pick)
      },
    )

    await t.resolves(fc.assert(history, { seed: 20261123, numRuns: 1000 }))
  },
)

function aFeedOf(changes: readonly NumberedChange[]) {
  return {
    after: async () => changes,
    range: async () => ({ newest: changes.at(-1)?.seq ?? 0, oldest: changes[0]?.seq ?? 1 }),
  }
}

interface Process {
  recent: RecentChanges
  feed: ReturnType<RecentChanges['watch']>
  /** The lowest version of each key that it may give away. */
  readonly knows: Map<string, number>
}

/** A store, what is shared, and three processes with very short memories; questions take as long as it pleases. */
class World {
  readonly versions = new Map<string, number>()
  readonly shared = new Map<string, SharedEntry>()
  readonly changes: NumberedChange[] = []
  readonly unnumbered: CommittedChange[] = []
  /** The versions that each change made. */
  readonly made = new Map<CommittedChange, ReadonlyMap<string, number>>()
  prefixSerial = 0
  /** Copies read from the store that are still on their way. */
  readonly underWay: { readonly key: string; readonly entry: SharedEntry }[] = []
  readonly marksMax: number
  readonly processes: Process[]

  constructor(marksMax: number) {
    this.marksMax = marksMax
    this.processes = [this.#aProcess(), this.#aProcess(), this.#aProcess()]
  }

  #aProcess(): Process {
    const recent = makeRecentChanges({ marksMax: this.marksMax })
    recent.reached(this.changes.length)
    const process = { recent, feed: recent.watch(this), knows: new Map<string, number>() }
    for (const change of this.changes) this.#learn(process, change)
    return process
  }

  #learn({ knows }: Process, change: CommittedChange) {
    for (const [key, version] of this.made.get(change) ?? []) {
      knows.set(key, Math.max(version, knows.get(key) ?? 0))
    }
  }

  async range() {
    return { newest: this.changes.length, oldest: 1 }
  }

  async after(since: number, limit: number) {
    return this.changes.slice(since, since + limit)
  }

  async write(who: number, keyIndex: number) {
    const key = keyOf(keyIndex)
    const version = (this.versions.get(key) ?? 0) + 1
    this.versions.set(key, version)
    this.#commit(who, { identifier: key, serial: version, keys: [key] }, [key])
  }

  /** Changes all records of the prefix and tells only of the prefix. */
  async bulk(who: number) {
    const keys = [...this.versions.keys()]
    for (const key of keys) this.versions.set(key, (this.versions.get(key) ?? 0) + 1)
    this.prefixSerial += 1
    const directory = { prefixes: [['handle', '88.118.8']] as const, subjects: [] }
    this.#commit(
      who,
      { identifier: '0.NA/88.118.8', serial: this.prefixSerial, keys: [], directory },
      keys,
    )
  }

  #commit(who: number, change: CommittedChange, keys: readonly string[]) {
    const process = this.#process(who)
    this.unnumbered.push(change)
    this.made.set(change, new Map(keys.map(key => [key, this.versions.get(key) ?? 0])))
    process.recent.committed([change])
    this.#learn(process, change)
  }

  async number(_who: number, _key: number, pick: number) {
    for (const change of this.unnumbered.splice(0, pick)) {
      const numbered = Object.assign(change, { seq: this.changes.length + 1 })
      this.changes.push(numbered)
    }
  }

  async look(who: number, _key: number, pick: number) {
    const process = this.#process(who)
    const { recent, feed } = process
    await feed.range()
    const read = await feed.after(recent.seen, pick + 1)
    for (const change of read) this.#learn(process, change)
    recent.reached(read.at(-1)?.seq ?? recent.seen)
  }

  /** Begins a question: what is shared and judged true must not be older than what the process knows. */
  async ask(who: number, keyIndex: number) {
    const { recent, knows } = this.#process(who)
    const find = makeSharedFind({
      findShared: async key => this.shared.get(key),
      findStored: async key => ({ record: this.#recordOf(key), via: null }),
      put: (key, entry) => void this.underWay.push({ key, entry }),
      recent,
      metrics: { judged: () => undefined },
    })
    const key = keyOf(keyIndex)
    const found = await find(key, false)
    const known = knows.get(key) ?? 0
    if ((found?.record.serial ?? 0) < known) {
      throw new Error(`${key}: given ${found?.record.serial}, known ${known}`)
    }
  }

  /** A copy arrives, late as it may be. */
  async answer(_who: number, _key: number, pick: number) {
    const [arrived] = this.underWay.splice(pick % Math.max(1, this.underWay.length), 1)
    if (arrived !== undefined) this.shared.set(arrived.key, arrived.entry)
  }

  /** Reads the store, and keeps the copy on its way. */
  async store(who: number, keyIndex: number) {
    const key = keyOf(keyIndex)
    const { seen } = this.#process(who).recent
    this.underWay.push({ key, entry: { record: this.#recordOf(key), asOfSeq: seen } })
  }

  async flush() {
    this.shared.clear()
  }

  async jump(who: number) {
    const process = this.#process(who)
    process.recent.reached(this.changes.length)
    for (const change of this.changes) this.#learn(process, change)
  }

  async restart(who: number) {
    const process = this.#aProcess()
    this.processes[who] = process
    await recallChanges(this, process.recent)
  }

  #process(who: number): Process {
    const process = this.processes[who]
    if (process === undefined) throw new Error('there are three processes')
    return process
  }

  #recordOf(key: string): StoredRecord {
    return aRecord({ identifier: key, serial: this.versions.get(key) ?? 0 })
  }
}

function keyOf(index: number): string {
  return `88.118.8/${'abcd'[index]}`
}
