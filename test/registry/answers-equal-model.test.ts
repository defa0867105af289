import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import type { PrefixInput } from '../../src/registry/prefixes.ts'
import { makeChangeFollower } from '../../src/resolver/follow-changes.ts'
import { makeChangeReader } from '../../src/storage/postgres/changes.ts'
import { readDirectory } from '../../src/storage/postgres/directory.ts'
import { anOperator } from '../support/builders.ts'
import { aClock } from '../support/clock.ts'
import { aStore } from '../support/store.ts'
import { type Core, coreOver } from './a-core.ts'

const owners = ['alpha', 'beta', null] as const
type Owner = (typeof owners)[number]

const prefixes = [
  ['handle', '88.118.7'],
  ['handle', '88.118.8'],
  ['oid', '2.999.1'],
  ['oid', '2.999.2'],
  ['gs1', '6901234'],
] as const
type PrefixName = (typeof prefixes)[number][1]

const names = ['88.118.7/a', '88.118.7/b', '88.118.8/a', '88.118.8/b'] as const
/** The last one lies under nobody's prefix. */
const aliases = ['2.999.1.1', '2.999.1.2', '2.999.2.1', '01/06901234567892', '2.998.1'] as const

interface ModelRecord {
  serial: number
  gone: boolean
  text: string
  aliases: Map<string, 'claimed' | 'granted'>
}

/** What everybody should be told, as simply as it can be said: no caches, no epochs, no serial columns. */
class Model {
  prefixes = new Map<PrefixName, { owner: Owner; enabled: boolean }>()
  records = new Map<string, ModelRecord>()
  index = new Map<string, string>()

  placeOf(identifier: string) {
    const digits = identifier.replace(/^01\/0/, '')
    return prefixes.find(([, prefix]) => digits.startsWith(prefix))?.[1]
  }

  leads(alias: string, standing: 'claimed' | 'granted', record: string): boolean {
    if (standing === 'granted') return true
    const holder = this.prefixes.get(this.placeOf(alias)!)
    const own = this.prefixes.get(this.placeOf(record)!)
    return holder?.enabled === true && holder.owner !== null && holder.owner === own?.owner
  }

  /** @returns the failure's code, or undefined when it is written */
  write(name: string, text: string, claims: readonly string[], asOperator: boolean) {
    if (!this.prefixes.get(this.placeOf(name)!)?.enabled) return 'STATE_CONFLICT'
    const before = this.records.get(name)
    const wanted = new Map(
      claims.map(alias => {
        const former = before?.aliases.get(alias)
        return [alias, asOperator ? 'granted' : (former ?? 'claimed')] as const
      }),
    )
    for (const [alias, standing] of wanted) {
      const holder = this.index.get(alias)
      if (holder === undefined || holder === name) continue
      const held = this.records.get(holder)?.aliases.get(alias)
      if (this.leads(alias, held!, holder)) return 'ALREADY_EXISTS'
      if (!this.leads(alias, standing, name)) return 'ALREADY_EXISTS'
    }
    this.put(name, { serial: (before?.serial ?? 0) + 1, gone: false, text, aliases: wanted })
    return undefined
  }

  remove(name: string) {
    if (!this.prefixes.get(this.placeOf(name)!)?.enabled) return 'STATE_CONFLICT'
    const before = this.records.get(name)
    if (before === undefined) return 'IDENTIFIER_UNKNOWN'
    if (before.gone) return 'IDENTIFIER_GONE'
    this.put(name, { serial: before.serial + 1, gone: true, text: '', aliases: new Map() })
    return undefined
  }

  put(name: string, record: ModelRecord) {
    this.records.set(name, record)
    for (const [alias, holder] of this.index) if (holder === name) this.index.delete(alias)
    for (const alias of record.aliases.keys()) this.index.set(alias, name)
  }

  prefixesOf(owner: Owner) {
    return prefixes
      .filter(([, prefix]) => {
        const held = this.prefixes.get(prefix)
        return owner !== null && held?.owner === owner && held.enabled
      })
      .map(([system, prefix]) => `${system}:${prefix}`)
      .sort()
  }

  answer(asked: string) {
    const place = this.placeOf(asked)
    const isAlias = !names.some(name => name === asked)
    if (place !== undefined && !this.prefixes.get(place)?.enabled) return 'PREFIX_UNKNOWN'
    const unknown = place === undefined ? 'PREFIX_UNKNOWN' : 'IDENTIFIER_UNKNOWN'
    const name = isAlias ? this.index.get(asked) : asked
    const record = name === undefined ? undefined : this.records.get(name)
    if (name === undefined || record === undefined) return unknown
    const own = this.prefixes.get(this.placeOf(name)!)!
    if (isAlias && !(own.enabled && this.leads(asked, record.aliases.get(asked)!, name))) {
      return unknown
    }
    if (record.gone) return 'IDENTIFIER_GONE'
    return {
      identifier: name,
      serial: record.serial,
      text: record.text,
      owner: own.owner,
      prefixes: this.prefixesOf(own.owner),
      sameAs: [...record.aliases]
        .filter(([alias, standing]) => this.leads(alias, standing, name))
        .map(([alias]) => alias),
    }
  }
}

const aName = fc.constantFrom(...names)
const aPlace = fc.constantFrom(...prefixes)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      name: aName,
      how: fc.constantFrom('create' as const, 'replace' as const),
      text: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 5 }),
      aliases: fc.uniqueArray(fc.constantFrom(...aliases), { maxLength: 3 }),
      asOperator: fc.nat(9).map(n => n < 2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), name: aName }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('handOver' as const),
      place: aPlace,
      owner: fc.constantFrom(...owners),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('state' as const),
      place: aPlace,
      enabled: fc.nat(3).map(n => n > 0),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

t.test('whatever is done in whatever order, answers equal a simple model', async t => {
  const database = await aStore(t)
  const core = await coreOver(database)
  const alpha = await core.enterprise('alpha')
  const beta = await core.enterprise('beta')
  const callers = { alpha, beta }
  const codeOf = (owner: Owner) => (owner === null ? null : callers[owner].of.code)
  await core.prefix('88.118.1')
  const model = new Model()
  for (const [at, [system, prefix]] of prefixes.entries()) {
    const owner = owners[at % 2]!
    await core.prefix(prefix, { system, owner: codeOf(owner) })
    model.prefixes.set(prefix, { owner, enabled: true })
  }
  // Another process over the same store, which hears of the writes by their numbers alone.
  const sibling = await coreOver(database)
  const follower = await makeChangeFollower({
    feed: makeChangeReader(database),
    apply: sibling.apply,
    startOver: async () => sibling.directory.learn(await readDirectory(database)),
    onSeen: () => undefined,
    onError: error => t.fail(String(error)),
    clock: aClock(),
  })

  for (const { knownKeys } of [core, sibling]) {
    knownKeys.startOver()
    while (!knownKeys.state.isUsed) await new Promise(setImmediate)
  }

  function expected(step: Step): string | undefined {
    switch (step.do) {
      case 'write': {
        const { name, how, text, asOperator } = step
        const isEnabled = model.prefixes.get(model.placeOf(name)!)?.enabled
        const living = model.records.get(name)?.gone === false
        if (isEnabled && how === 'create' && living) return 'ALREADY_EXISTS'
        const isNobodys = model.prefixes.get(model.placeOf(name)!)?.owner === null
        return model.write(name, text, step.aliases, asOperator || isNobodys)
      }
      case 'remove':
        return model.remove(step.name)
      case 'handOver':
        model.prefixes.get(step.place[1])!.owner = step.owner
        return undefined
      case 'state':
        model.prefixes.get(step.place[1])!.enabled = step.enabled
        return undefined
    }
  }

  async function patch([system, prefix]: (typeof prefixes)[number], input: PrefixInput) {
    return core.prefixes.patch(system, prefix, input, { caller: anOperator })
  }

  async function perform(step: Step, ownerBefore: Owner): Promise<unknown> {
    switch (step.do) {
      case 'write': {
        const caller = step.asOperator || ownerBefore === null ? anOperator : callers[ownerBefore]
        const values = [
          { index: 1, type: 'NAME', data: step.text },
          ...step.aliases.map((data, at) => ({
            index: at + 2,
            type: data.startsWith('01') ? 'GS1' : 'OID',
            data,
          })),
        ]
        return core.identifiers[step.how](step.name, { values }, { caller })
      }
      case 'remove':
        return core.identifiers.remove(
          step.name,
          {},
          { caller: ownerBefore === null ? anOperator : callers[ownerBefore] },
        )
      case 'handOver':
        return patch(step.place, { owner: codeOf(step.owner) })
      case 'state':
        return patch(step.place, { state: step.enabled ? 'enabled' : 'disabled' })
    }
  }

  async function told(by: Core, asked: string) {
    try {
      const answer = await by.ask(asked)
      return {
        identifier: answer.identifier,
        serial: answer.serial,
        text: answer.values[0]?.data.value,
        owner: owners.find(owner => codeOf(owner) === answer.code),
        prefixes: answer.prefixes.map(({ system, prefix }) => `${system}:${prefix}`),
        sameAs: answer.sameAs.map(({ identifier }) => identifier),
      }
    } catch (error) {
      return codeOfFailure(error)
    }
  }

  const everything = [...names, ...aliases]
  const steps = fc.sample(step, { numRuns: 150, seed: 20_261_123 })
  const outcomes = new Map<string, number>()
  for (const [at, step] of steps.entries()) {
    const place =
      step.do === 'write' || step.do === 'remove' ? model.placeOf(step.name)! : undefined
    const ownerBefore = place === undefined ? null : model.prefixes.get(place)!.owner
    const refusal = expected(step)
    const outcome = await perform(step, ownerBefore).then(() => undefined, codeOfFailure)
    await core.number()
    await follower.look()
    const wanted = everything.map(asked => model.answer(asked))
    const answers = await Promise.all(everything.map(asked => told(core, asked)))
    const siblings = await Promise.all(everything.map(asked => told(sibling, asked)))

    const isEqual = t.strictSame(
      { outcome, answers, siblings },
      { outcome: refusal, answers: wanted, siblings: wanted },
      `after step ${at}`,
    )
    if (!isEqual) {
      t.comment(JSON.stringify(steps.slice(Math.max(0, at - 5), at + 1), undefined, 1))
      break
    }
    for (const answer of [outcome, ...wanted]) {
      const kind = typeof answer === 'string' ? answer : answer === undefined ? 'done' : 'answer'
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
    }
  }

  for (const { knownKeys } of [core, sibling]) t.ok(knownKeys.state.sparedCount > 100)
  const seen = ['done', 'answer', 'IDENTIFIER_GONE', 'ALREADY_EXISTS', 'STATE_CONFLICT']
  for (const kind of seen) t.ok(outcomes.has(kind), `${kind} ${outcomes.get(kind)} times`)
})

function codeOfFailure(error: unknown): string {
  if (error instanceof Failure) return error.code
  throw error
}
