import t from 'tap'
import { overlapSearch } from '../../../src/mapping/conflicts.ts'
import type { Holding } from '../../../src/model/holding.ts'
import type { System } from '../../../src/model/identifier.ts'
import type { FilingLedger } from '../../../src/registry/applications/parts.ts'
import { newHolding } from '../../../src/registry/holdings/hand-over.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { makeHoldingReader } from '../../../src/storage/postgres/holdings.ts'
import { readRuledPrefixes, readRulesOf } from '../../../src/storage/postgres/mapping-rules.ts'
import { makeTransactions } from '../../../src/storage/postgres/transactions.ts'
import { aCaller } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'

const at = new Date('2026-11-23T06:00:00.000Z')

function writeTo(database: Database) {
  const transactions = makeTransactions({ database, now: () => at, follow: async () => undefined })
  return <Outcome>(work: (ledger: FilingLedger) => Promise<Outcome>) =>
    transactions.write(aCaller(), work)
}

function aHolding(prefix: string, more: Partial<Holding> = {}): Holding {
  const story = {
    system: 'gs1',
    prefix,
    subject: 'alpha',
    uses: ['product'],
    askedBy: 'c1ient00',
  } as const
  return { ...newHolding(story, at), ...more }
}

async function putOwned(
  ledger: FilingLedger,
  system: System,
  prefix: string,
  owner: string | null,
) {
  await ledger.putPrefix(
    {
      system,
      prefix,
      owner,
      state: 'enabled',
      served: 'hosted',
      sites: [],
      uses: ['product'],
      serial: 1,
    },
    undefined,
  )
}

async function putSubject(ledger: FilingLedger, id: string) {
  await ledger.putSubject({
    id,
    code: `88.118.1/${id}`,
    name: id,
    status: 'active',
    successor: null,
    region: null,
    industry: null,
    grade: null,
    usccIndex: id,
    usccSealed: null,
  })
}

eachEngine(
  t,
  'a holding comes back as it was written, and as it was written over',
  async (t, database) => {
    const write = writeTo(database)
    const reader = makeHoldingReader(database)
    const holding = aHolding('6901234', {
      site: '一厂 "A", {1}',
      contact: '400-000',
      sites: [{ address: '192.0.2.1', protocols: [{ protocol: 'TCP', port: 2641 }] }],
      validFrom: new Date('2026-12-01T00:00:00.000Z'),
      validTo: new Date('2027-12-01T00:00:00.000Z'),
      evidence: [
        { kind: 'document', id: 'f1' },
        { kind: 'registry', name: 'GS1 China' },
      ],
      confidence: 'matched',
      note: '说明',
    })
    await write(ledger => ledger.putHolding(holding))
    t.strictSame(await reader.find(holding.id), holding)

    const begun = { ...holding, state: 'active', serial: 2, beganAt: at, decidedBy: 'x' } as const
    await write(ledger => ledger.putHolding(begun))

    t.strictSame(await reader.find(holding.id), begun)
    t.strictSame(await write(ledger => ledger.lockHolding(holding.id)), begun)
    t.strictSame(await write(ledger => ledger.lockActiveHolding('gs1', '6901234')), begun)
    t.equal(await write(ledger => ledger.lockActiveHolding('gs1', '6901235')), undefined)
    await t.rejects(
      write(ledger => ledger.putHolding({ ...begun, id: 'another' })),
      'one at a time',
    )
  },
)

eachEngine(
  t,
  'what is due is what begins or ends by itself, what begins first',
  async (t, database) => {
    const write = writeTo(database)
    const reader = makeHoldingReader(database)
    const noon = new Date('2026-11-23T12:00:00.000Z')
    const later = new Date('2026-11-24T12:00:00.000Z')
    await write(async ledger => {
      await ledger.putHolding(aHolding('1', { id: 'ends', state: 'active', validTo: noon }))
      await ledger.putHolding(aHolding('1', { id: 'begins', state: 'planned', validFrom: noon }))
      await ledger.putHolding(aHolding('2', { id: 'waits', state: 'awaiting', validFrom: noon }))
      await ledger.putHolding(aHolding('3', { id: 'later', state: 'active', validTo: later }))
      await ledger.putHolding(aHolding('4', { id: 'over', state: 'ended', validTo: noon }))
    })

    t.strictSame(await reader.due(new Date(noon.getTime() - 1)), [])
    t.strictSame(await reader.due(noon), ['begins', 'ends'])
  },
)

eachEngine(
  t,
  'who may overlap is found above by name and below by beginning',
  async (t, database) => {
    const write = writeTo(database)
    await write(async ledger => {
      for (const id of ['alpha', 'beta']) await putSubject(ledger, id)
      await putOwned(ledger, 'gs1', '6901', 'beta')
      await putOwned(ledger, 'gs1', '6901234', 'alpha')
      await putOwned(ledger, 'gs1', '690123456', 'beta')
      await putOwned(ledger, 'gs1', '69019', null)
      await putOwned(ledger, 'oid', '2.999.1', 'alpha')
      await putOwned(ledger, 'oid', '2.999.1.5', 'beta')
      await putOwned(ledger, 'oid', '2.999.10', 'beta')
      await ledger.putHolding(aHolding('6901234', { id: 'h1', state: 'active', beganAt: at }))
      await ledger.putHolding(aHolding('69012', { id: 'h2', subject: 'beta' }))
      await ledger.putHolding(aHolding('69012', { id: 'h3', state: 'refused' }))
    })
    const { claimantsAlong } = makeHoldingReader(database)
    const along = async (system: System, prefix: string) =>
      (await claimantsAlong(overlapSearch(system, prefix)))
        .map(({ prefix, subject, state, holding }) => `${prefix} ${subject} ${state} ${holding}`)
        .sort()

    t.strictSame(await along('gs1', '690123'), [
      '6901 beta active null',
      '69012 beta awaiting h2',
      '6901234 alpha active h1',
      '690123456 beta active null',
    ])
    t.strictSame(await along('oid', '2.999.1'), [
      '2.999.1 alpha active null',
      '2.999.1.5 beta active null',
    ])
  },
)

eachEngine(
  t,
  'the highest number counts what was given and what was asked for',
  async (t, database) => {
    const write = writeTo(database)
    const highest = () => write(ledger => ledger.highestNumberBelow('88.118'))
    t.equal(await highest(), 0)
    await write(async ledger => {
      await putOwned(ledger, 'handle', '88.118.9', null)
      await putOwned(ledger, 'handle', '88.118.10', null)
      await putOwned(ledger, 'handle', '88.118.zz', null)
      await putOwned(ledger, 'handle', '88.1180.99', null)
    })
    t.equal(await highest(), 10)

    await write(ledger => ledger.putHolding(aHolding('88.118.0042', { system: 'handle' })))

    t.equal(await highest(), 42)
  },
)

eachEngine(
  t,
  'rules come with the epoch of their prefix, and so does their absence',
  async (t, database) => {
    const write = writeTo(database)
    const content = { kind: 'prefix', from: '6901234', to: '88.118.8/' } as const
    const rule = { id: 'r1', system: 'gs1', prefix: '6901234', position: 1, content } as const
    await write(async ledger => {
      await putOwned(ledger, 'gs1', '6901234', null)
      await putOwned(ledger, 'gs1', '6901235', null)
      await ledger.putRule(rule)
      await ledger.growEpochs([['gs1', '6901234']], [])
    })
    const named = [
      ['gs1', '6901234'],
      ['gs1', '6901235'],
      ['gs1', '6909999'],
    ] as const

    const read = await readRulesOf(database, named)

    t.strictSame(
      read.sort((a, b) => (a.prefix < b.prefix ? -1 : 1)),
      [
        { system: 'gs1', prefix: '6901234', epoch: 2, rules: [rule] },
        { system: 'gs1', prefix: '6901235', epoch: 1, rules: [] },
      ],
    )
    t.strictSame(await readRuledPrefixes(database), [['gs1', '6901234']])
    t.strictSame(await write(ledger => ledger.rulesOf('gs1', '6901234')), [rule])
    t.equal(await write(ledger => ledger.dropRule('r1', 'gs1', '6901235')), false)
    t.equal(await write(ledger => ledger.dropRule('r1', 'gs1', '6901234')), true)
  },
)
