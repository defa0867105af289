/**
 * Two processes over one store and one Redis, as a model: every read and write may be under way for as long as it pleases,
 * and what it brings may be older than what happened since. Whoever knows of a change is never given what was before it, by
 * any tier: bytes, memory, absence, what is shared, and what is loaded ahead.
 */
import assert from 'node:assert/strict'
import t from 'tap'
import { PrefixDirectory } from '../../src/mapping/directory.ts'
import { anyone } from '../../src/model/caller.ts'
import { Failure } from '../../src/model/failures.ts'
import { AnswerArena } from '../../src/resolver/answer-arena.ts'
import { makeAnswerCache } from '../../src/resolver/answer-cache.ts'
import type { Found } from '../../src/resolver/parts.ts'
import {
  type CommittedChange,
  makeRecentChanges,
  type NumberedChange,
} from '../../src/resolver/recent-changes.ts'
import { makeResolver } from '../../src/resolver/resolve.ts'
import { makeSharedFind, type SharedEntry } from '../../src/resolver/shared-records.ts'
import {
  anAlias,
  anIdentifier,
  aPrefix,
  aRecord,
  codePrefix,
  nodePrefix,
} from '../support/builders.ts'
import { aRandom, type Random } from '../support/random.ts'

/** Enough to show it in every run; a longer look: `QXM_TEST_STEPS=1000000`. */
const stepCount = Number(process.env['QXM_TEST_STEPS'] ?? 30_000)
const seed = Number(process.env['QXM_TEST_SEED'] ?? 20_261_123)
/** Steps of one world: long enough for everything to end, begin and be forgotten many times. */
const stepsPerWorld = 2_000

/** Each with a name of its own and one of another system. */
const things = [0, 1, 2].map(n => ({
  own: anIdentifier(`88.118.8/T${n}`),
  alias: anIdentifier(`1.2.156.${n}`, 'oid'),
}))
type Name = 'own' | 'alias'
const ttlSeconds = 10

/** Something asked that is not answered yet. */
interface UnderWay {
  /** The other side does what it was asked to; nothing before that, and once. */
  happen(): void
  answer(): void
  fail(): void
  hasHappened: boolean
}

class World {
  readonly random: Random
  /** The version of each thing; 0: there is none. */
  readonly versions = things.map(() => 0)
  readonly numbered: NumberedChange[] = []
  readonly unnumbered: CommittedChange[] = []
  readonly made = new Map<CommittedChange, { readonly thing: number; readonly version: number }>()
  readonly shared = new Map<string, SharedEntry>()
  readonly underWay: UnderWay[] = []
  readonly processes: readonly Process[]
  nowMs = 0
  /** What was wrong with an answer that came later. */
  failure: unknown
  readonly seenTiers = new Map<string, number>()

  constructor(random: Random) {
    this.random = random
    this.processes = [new Process(this), new Process(this)]
  }

  begin<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result
      const one: UnderWay = {
        hasHappened: false,
        happen() {
          result = work()
          one.hasHappened = true
        },
        answer: () => resolve(result),
        fail: () => reject(new Failure('STORE_AWAY')),
      }
      this.underWay.push(one)
    })
  }

  read(key: string): Found | undefined {
    const thing = things.findIndex(({ own, alias }) => own.key === key || alias.key === key)
    const serial = this.versions[thing] ?? 0
    if (serial === 0) return undefined
    const via = anAlias(`1.2.156.${thing}`, 'oid', 'granted')
    const record = aRecord({ identifier: `88.118.8/T${thing}`, serial, aliases: [via] })
    return { record, via: key === record.key ? null : via }
  }

  count(tier: string) {
    this.seenTiers.set(tier, (this.seenTiers.get(tier) ?? 0) + 1)
  }

  range = async () => ({ newest: this.numbered.length, oldest: 1 })
  after = async (since: number, limit: number) => this.numbered.slice(since, since + limit)
}

class Process {
  readonly world: World
  readonly recent = makeRecentChanges({ marksMax: 4 })
  readonly feed
  readonly arena: AnswerArena
  readonly resolver
  /** Own changes that are committed and not acknowledged yet. */
  readonly committed: CommittedChange[] = []
  /** Read from the feed, and not applied yet. */
  readonly toApply: NumberedChange[] = []
  /** The lowest version of each thing that may be given away. */
  readonly knows = things.map(() => 0)

  constructor(world: World) {
    this.world = world
    this.arena = new AnswerArena({ bytesMax: 4096, entriesMax: 4 }, () => 7)
    this.recent.reached(0)
    this.feed = this.recent.watch(world)
    const directory = new PrefixDirectory(nodePrefix)
    directory.learn({ prefixes: [aPrefix('88.118.8')], subjects: [] })
    this.resolver = makeResolver({
      directory,
      cache: makeAnswerCache({ entriesMax: 4, bytesMax: 1_000_000, absentMax: 4 }),
      find: makeSharedFind({
        findShared: key => world.begin(() => world.shared.get(key)).catch(() => undefined),
        findStored: key => world.begin(() => world.read(key)),
        put: (key, entry) => void world.begin(() => world.shared.set(key, entry)).catch(() => 0),
        recent: this.recent,
        metrics: { judged: verdict => world.count(`shared ${verdict}`) },
      }),
      mayBeIssued: () => true,
      seesAll: () => false,
      encode: ({ serial }) => Buffer.from([serial >> 8, serial & 0xff]),
      clock: { now: () => world.nowMs, monotonicMs: () => world.nowMs },
      random: () => world.random.below(100) / 100,
      publicUrl: () => 'https://id.example.cn',
      codePrefix,
      answerTtlSeconds: ttlSeconds,
      ttlJitter: 0.1,
      absentTtlSeconds: ttlSeconds / 2,
      staleSecondsMax: ttlSeconds,
      metrics: {
        resolved: () => undefined,
        storeAway: () => undefined,
        refreshed: result => world.count(`ahead ${result}`),
      },
    })
  }

  /** Makes a change known here, as the writer does before it acknowledges and the follower when it has read. */
  learn(changes: readonly CommittedChange[]) {
    const keys = changes.flatMap(change => change.keys)
    this.resolver.forget(keys)
    this.arena.forget(keys)
    for (const change of changes) {
      const { thing = 0, version = 0 } = this.world.made.get(change) ?? {}
      this.knows[thing] = Math.max(version, this.knows[thing] ?? 0)
    }
  }

  check(tier: string, thing: number, given: number, known = this.knows[thing] ?? 0) {
    this.world.count(tier)
    assert(given >= known, `thing ${thing} by ${tier}: given ${given}, known ${known}`)
  }
}

const thingOf = (thing: number) => things[thing] ?? assert.fail()
const nameOf = (thing: number, name: Name) => thingOf(thing)[name]

/** What may happen, each as often as it is named. */
const steps = {
  commit({ versions, made, unnumbered, random }: World, process: Process, thing: number) {
    if (random.below(6) > 0) return
    const serial = (versions[thing] ?? 0) + 1
    versions[thing] = serial
    const { own, alias } = thingOf(thing)
    const change = { identifier: own.text, serial, keys: [own.key, alias.key] }
    made.set(change, { thing, version: serial })
    unnumbered.push(change)
    process.committed.push(change)
  },
  acknowledge(_: World, process: Process) {
    const changes = process.committed.splice(0)
    process.recent.committed(changes)
    process.learn(changes)
  },
  number({ unnumbered, numbered, random }: World) {
    for (const change of unnumbered.splice(0, random.below(4))) {
      numbered.push(Object.assign(change, { seq: numbered.length + 1 }))
    }
  },
  async readFeed({ random }: World, process: Process) {
    const since = process.toApply.at(-1)?.seq ?? process.recent.seen
    await process.feed.range()
    process.toApply.push(...(await process.feed.after(since, 1 + random.below(4))))
  },
  applyFeed(_: World, process: Process) {
    const changes = process.toApply.splice(0)
    process.learn(changes)
    process.recent.reached(changes.at(-1)?.seq ?? process.recent.seen)
  },
  ask(world: World, process: Process, thing: number, name: Name) {
    const known = process.knows[thing] ?? 0
    const identifier = nameOf(thing, name)
    const question = { identifier, caller: anyone, filter: { types: [], indexes: [] } }
    process.resolver.resolve({ ...question, fresh: world.random.below(8) === 0 }).then(
      ({ answer, source, shared }) => {
        const tier = shared === undefined ? 'stale' : source
        holding(world, () => process.check(tier, thing, answer.serial, known))
      },
      error => {
        if (error.code === 'STORE_AWAY') return
        holding(world, () => {
          assert.match(error.code, /^(IDENTIFIER|PREFIX)_UNKNOWN$/)
          process.check('unknown', thing, 0, known)
        })
      },
    )
  },
  peek(_: World, process: Process, thing: number, name: Name) {
    const peeked = process.resolver.peek(nameOf(thing, name))
    if (peeked !== undefined) process.check('peek', thing, peeked.answer.serial)
    if (process.resolver.peekUnknown(nameOf(thing, name))) process.check('absence', thing, 0)
  },
  /** What a door with an arena does. */
  glance({ nowMs }: World, process: Process, thing: number, name: Name) {
    const { arena, resolver } = process
    const identifier = nameOf(thing, name)
    const bytes = Buffer.from(identifier.text)
    const key = { bytes, start: 0, end: bytes.length, form: 0 }
    const place = arena.find(bytes, 0, bytes.length, 0, nowMs)
    if (place !== 0) {
      process.check('arena', thing, arena.bytes.readUInt16BE(arena.valueStart(place)))
      return
    }
    const peeked = resolver.peek(identifier)
    if (peeked === undefined) return
    arena.put(key, {
      parts: [resolver.bytes(peeked.shared, 'json')],
      forgetBy: identifier.key,
      note: 0,
      madeAtMs: peeked.shared.madeAtMs,
      expiresAtMs: peeked.copyUntilMs,
    })
  },
  happen({ underWay, random }: World) {
    const waiting = underWay.filter(({ hasHappened }) => !hasHappened)
    if (waiting.length > 0) random.one(waiting).happen()
  },
  answer({ underWay, random }: World) {
    const happened = underWay.filter(({ hasHappened }) => hasHappened)
    if (happened.length > 0) end(underWay, random.one(happened)).answer()
  },
  fail({ underWay, random }: World) {
    if (underWay.length > 0 && random.below(4) === 0) end(underWay, random.one(underWay)).fail()
  },
  pass(world: World) {
    world.nowMs += world.random.below((ttlSeconds * 1000) / 10)
  },
  flush({ shared, random }: World) {
    if (random.below(40) === 0) shared.clear()
  },
  /** The follower cannot tell what it missed. */
  startOver(world: World, process: Process) {
    if (world.random.below(60) > 0) return
    process.toApply.length = 0
    process.learn(world.numbered)
    process.resolver.forgetAll()
    process.arena.forgetAll()
    process.recent.reached(world.numbered.length)
  },
}

type Step = keyof typeof steps
/** How often each is among what happens; the others once. */
const shares: Partial<Record<Step, number>> = { ask: 7, peek: 5, glance: 5, happen: 7, answer: 4 }
const deck = (Object.keys(steps) as Step[]).flatMap(step => Array(shares[step] ?? 1).fill(step))
/** As many as a process lets be under way; then what is oldest ends. */
const underWayMax = 40

function end(underWay: UnderWay[], one: UnderWay): UnderWay {
  underWay.splice(underWay.indexOf(one), 1)
  return one
}

/** Keeps what is wrong with an answer that nobody waits for. */
function holding(world: World, check: () => void): void {
  try {
    check()
  } catch (error) {
    world.failure ??= error
  }
}

t.test('whatever is late, nobody is given what was before a change they know of', async t => {
  const seenTiers = new Map<string, number>()
  for (let first = 0; first < stepCount; first += stepsPerWorld) {
    const random = aRandom(seed + first)
    const world = new World(random)
    const story: string[] = []
    for (let step = 0; step < Math.min(stepsPerWorld, stepCount - first); step++) {
      const kind: Step = random.one(deck)
      const [who, thing] = [random.below(world.processes.length), random.below(things.length)]
      const name = random.one(['own', 'alias'] as const)
      story.push(`${kind} ${who} ${thing} ${name}`)
      try {
        await steps[kind](world, world.processes[who] ?? assert.fail(), thing, name)
        if (world.underWay.length > underWayMax) {
          const [oldest = assert.fail()] = world.underWay
          if (!oldest.hasHappened) oldest.happen()
          end(world.underWay, oldest).answer()
        }
        await new Promise(setImmediate)
        if (world.failure !== undefined) throw world.failure
      } catch (error) {
        t.comment(story.slice(-40).join('\n'))
        throw new Error(`QXM_TEST_SEED=${seed + first}, step ${step}`, { cause: error })
      }
    }
    for (const [tier, count] of world.seenTiers) {
      seenTiers.set(tier, count + (seenTiers.get(tier) ?? 0))
    }
  }

  t.comment(stepCount, 'steps', Object.fromEntries(seenTiers))
  const tiers = ['memory', 'arena', 'peek', 'absence', 'unknown', 'redis', 'store', 'stale']
  for (const tier of [...tiers, 'shared hit', 'shared late', 'ahead done']) {
    t.ok((seenTiers.get(tier) ?? 0) > 0, `${tier} was looked at`)
  }
})
